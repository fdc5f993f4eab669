import { createServer } from "node:http";
import { inTwoProcesses } from "./cluster.mjs";
import { nativeTokenizer, openStudent } from "./node-student.mjs";

/** Nothing but node:http between the socket and the student. */
await inTwoProcesses(async (port) => {
  const predict = await openStudent(nativeTokenizer);
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ results: await predict(typeof inputs === "string" ? [inputs] : inputs) });
    res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    res.end(body);
  });
  server.listen(port, "127.0.0.1");
});
