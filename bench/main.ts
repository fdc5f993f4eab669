import { ConfigError } from "../src/errors.ts";

/** `npm run bench -- <name> [options]`. Measurements need a quiet machine; none of them is part of `npm test`. */
interface Bench {
  readonly flags: Readonly<Record<string, BenchFlag>>;
  run(args: string[]): Promise<void>;
}

/** As `parseArgs` takes it, with what the help says of it. */
interface BenchFlag {
  readonly type: "string" | "boolean";
  readonly default?: string | boolean | readonly string[];
  readonly multiple?: boolean;
  readonly doc?: string;
}

interface Entry {
  readonly about: string;
  readonly load: () => Promise<Bench>;
}

const benches: Readonly<Record<string, Entry>> = {
  "control-sim": { about: "control through days of simulated production", load: () => import("./control-sim.ts") },
  controllers: { about: "controllers at equal cost on recorded trials", load: () => import("./controllers.ts") },
  predictors: { about: "how well the loss of architectures is predicted", load: () => import("./predictors.ts") },
  proxy: { about: "which cheap measurement tells how good an architecture will be", load: () => import("./proxy.ts") },
  "record-trials": { about: "records the trials that controllers reads", load: () => import("./record-trials.ts") },
  kills: { about: "a search that is killed often, beside one that is left alone", load: () => import("./kills.ts") },
  language: { about: "language identification beside others", load: () => import("./language.ts") },
  feedback: { about: "what corrections are worth on a real shift", load: () => import("./feedback.ts") },
  load: { about: "latency budgets under bursts of requests", load: () => import("./load.ts") },
  peers: { about: "throughput beside other servers of the same ONNX file", load: () => import("./peers.ts") },
  memory: { about: "start and memory of the server", load: () => import("./memory.ts") },
  rollout: { about: "what shadowing costs", load: () => import("./rollout.ts") },
  serve: { about: "throughput and latency of each student", load: () => import("./serve.ts") },
  soak: { about: "whether memory grows over reloads and requests", load: () => import("./soak.ts") },
  swap: { about: "swaps of students under load", load: () => import("./swap.ts") },
  train: { about: "training speed beside PyTorch", load: () => import("./train.ts") },
  transfers: { about: "what of the teacher's layers students should imitate", load: () => import("./transfers.ts") },
};

const [name = "", ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench !== undefined) await start(name, bench);
else if (name === "--help" || name === "-h") console.log(listText());
else {
  console.error(`usage: npm run bench -- <${Object.keys(benches).join(" | ")}> [options]`);
  process.exitCode = 2;
}

async function start(name: string, { about, load }: Entry): Promise<void> {
  const { flags, run } = await load();
  if (args.includes("--help") || args.includes("-h")) console.log(helpText(name, about, flags));
  else await run(args).catch(refuse);
}

function listText(): string {
  const lines = Object.entries(benches).map(([name, { about }]) => `  ${name.padEnd(14)} ${about}`);
  return `Usage: npm run bench -- <name> [options]; npm run bench -- <name> --help lists its options.\n\n${lines.join("\n")}`;
}

function helpText(name: string, about: string, flags: Bench["flags"]): string {
  const lines = Object.entries(flags).map(([flag, { type, default: standard = "", multiple, doc }]) => {
    const value = type === "boolean" ? "" : ` <value>${multiple ? " ..." : ""}`;
    const shown = typeof standard === "string" && standard !== "" ? ` (default ${standard})` : "";
    return `  --${flag}${value}${doc === undefined ? "" : `  ${doc}`}${shown}`;
  });
  return `${name}: ${about}\n\nUsage: npm run bench -- ${name} [options]\n\n${lines.join("\n")}`;
}

/** A flag that a bench does not have, or cannot read or use, is the caller's mistake. */
function refuse(error: Error & { code?: string }): void {
  if (!(error instanceof ConfigError || error.code?.startsWith("ERR_PARSE_ARGS_"))) throw error;
  console.error(`${name}: ${error.message} (npm run bench -- ${name} --help)`);
  process.exitCode = 2;
}
