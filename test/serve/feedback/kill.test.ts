import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readFeedback } from "../../../src/contract/feedback.ts";
import { start, untilWritten } from "../../e2e/command-line.ts";
import { writeTinyStudent } from "../../fixtures/tiny-student.ts";

const clients = 16;
const killedAfter = 80;

test("a server that is killed under load has every correction that it acknowledged, and goes on", async () => {
  const root = mkdtempSync(join(tmpdir(), "kdnas-feedback-kill-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "models"));
  writeTinyStudent(join(root, "models", "tiny"), { name: "tiny", layers: 0 });
  const acknowledged = new Map<string, string>();
  for (const round of [1, 2]) {
    const server = await started(root);
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        for (let i = 0; ; i++) {
          const text = `round ${round}, client ${client}, text ${i}`;
          const id = await sent(server.url, text);
          if (id === null) return;
          acknowledged.set(id, text);
          if (acknowledged.size === round * killedAfter) server.kill();
        }
      }),
    );
    await server.ended;
  }
  const kept = new Map(readFeedback(join(root, "kept")).map(({ id, texts }) => [id, texts[0]]));
  expect(acknowledged.size).toBeGreaterThanOrEqual(2 * killedAfter);
  for (const [id, text] of acknowledged) expect(kept.get(id)).toBe(text);
}, 180_000);

async function started(root: string) {
  const server = start("serve/main.ts", [], {
    ...{ PORT: "0", KDNAS_WORKERS: "1" },
    ...{ KDNAS_MODELS: join(root, "models"), KDNAS_FEEDBACK: join(root, "kept") },
  });
  await untilWritten(server, "kdnas ready on ");
  const url = /ready on (http:\S+) /.exec(server.stdout())?.[1] as string;
  return { url, kill: () => server.child.kill("SIGKILL"), ended: server.ended };
}

/** The correction's id; null when the server is gone. */
async function sent(url: string, text: string): Promise<string | null> {
  try {
    const body = JSON.stringify({ task: "filter", text, label: "toxic" });
    const response = await fetch(`${url}/v1/feedback`, { method: "POST", body });
    return ((await response.json()) as { id: string }).id;
  } catch {
    return null;
  }
}
