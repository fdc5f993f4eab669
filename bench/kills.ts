import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { createRandom } from "../src/random.ts";
import { start } from "../test/e2e/command-line.ts";
import { outcomeOf } from "../test/e2e/outcome.ts";
import { writeTinyTeacher } from "../test/fixtures/tiny-teacher.ts";

export const flags = {
  kills: { type: "string", default: "20" },
  seed: { type: "string", default: String(Date.now() % 1e6) },
} as const;

/**
 * A search that is killed (SIGKILL) at random moments, as often as asked, has to end with the trials and the student, byte
 * for byte, of one that was left alone. A tiny teacher, so that a search takes seconds; the random controller, since what
 * the others propose depends on measured times, which no two runs share. Times are not compared.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: flags });
  const root = mkdtempSync(join(tmpdir(), "kdnas-kills-"));
  try {
    writeTinyTeacher(join(root, "teacher"), tinyEncoder);
    const seconds = await complete(root, "unbroken");
    console.log(`unbroken search: ${seconds.toFixed(1)} s; seed of the moments ${values.seed}`);
    await killOften(root, Number(values.kills), seconds, Number(values.seed));
    await complete(root, "killed");
    report(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const tinyEncoder = { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 128, positions: 256 } as const;

function search(root: string, home: string) {
  const folders = ["--teacher", join(root, "teacher"), "--runs", join(root, home, "runs")];
  const effort = ["--preset", "smoke", "--threads", "2", "--controller", "random", "--budgets", "5"];
  return start("search/main.ts", [...effort, ...folders, "--models", join(root, home, "models")]);
}

/** Seconds that a search takes to its end. @throws with its output when it fails. */
async function complete(root: string, home: string): Promise<number> {
  const started = performance.now();
  const running = search(root, home);
  const code = await running.ended;
  if (code !== 0) throw new Error(`the ${home} search ended with ${code}: ${running.stderr()}`);
  return (performance.now() - started) / 1000;
}

/** Moments are spread over a whole search. A search that comes to its end before its moment is begun anew elsewhere. */
async function killOften(root: string, kills: number, seconds: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let done = 0; done < kills; ) {
    const running = search(root, "killed");
    const afterMs = 1000 * seconds * random.next();
    const timer = setTimeout(() => running.child.kill("SIGKILL"), afterMs);
    const code = await running.ended;
    clearTimeout(timer);
    if (code !== null && code !== 0) throw new Error(`the killed search ended with ${code}: ${running.stderr()}`);
    if (code === null) console.log(`kill ${++done} of ${kills} after ${(afterMs / 1000).toFixed(1)} s`);
    else {
      report(root);
      rmSync(join(root, "killed"), { recursive: true });
    }
  }
}

/** @throws when the outcomes differ. */
function report(root: string): void {
  const [unbroken, killed] = ["unbroken", "killed"].map((home) =>
    outcomeOf(join(root, home), "smoke-seed1", "budget-5ms"),
  );
  if (!isDeepStrictEqual(unbroken, killed))
    throw new Error(`outcomes differ:\n${JSON.stringify(unbroken)}\n${JSON.stringify(killed)}`);
  console.log(`same ${unbroken?.trials.length} trials, same student`);
}
