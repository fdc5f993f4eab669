import express from "express";
import { inTwoProcesses } from "./cluster.mjs";
import { nativeTokenizer, openStudent, scriptTokenizer } from "./node-student.mjs";

/** Express, its JSON parser, and the tokeniser that the first argument names: `native` or `transformers`. */
await inTwoProcesses(async (port) => {
  const predict = await openStudent(process.argv[2] === "transformers" ? scriptTokenizer : nativeTokenizer);
  const app = express();
  app.use(express.json());
  app.post("/v1/sentiment", async (req, res) => {
    const { inputs } = req.body;
    res.json({ results: await predict(typeof inputs === "string" ? [inputs] : inputs) });
  });
  app.listen(port, "127.0.0.1");
});
