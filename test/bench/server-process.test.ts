import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventually } from "../fixtures/test-server.ts";

/** A bench that starts a server and prints its address. */
const bench = `
  import { startProcess } from "./bench/server-process.ts";
  const server = \`
    const { createServer } = require("node:http");
    const server = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1", () => {
      console.log("ready on http://127.0.0.1:" + server.address().port);
    });
  \`;
  console.log((await startProcess([process.execPath, "-e", server], {})).url);
`;

test("startProcess() leaves no server behind a bench that is told to end", async () => {
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", bench], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  expect((await fetch(url)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([143, null]);
  await eventually(async () => {
    await expect(fetch(url)).rejects.toThrow();
  });
}, 60_000);
