/** `npm run bench -- <name> [options]`. Measurements need a quiet machine; none of them is part of `npm test`. */
const benches: Readonly<Record<string, () => Promise<{ run(args: string[]): Promise<void> }>>> = {
  "control-sim": () => import("./control-sim.ts"),
  controllers: () => import("./controllers.ts"),
  predictors: () => import("./predictors.ts"),
  proxy: () => import("./proxy.ts"),
  "record-trials": () => import("./record-trials.ts"),
  kills: () => import("./kills.ts"),
  language: () => import("./language.ts"),
  feedback: () => import("./feedback.ts"),
  load: () => import("./load.ts"),
  peers: () => import("./peers.ts"),
  memory: () => import("./memory.ts"),
  rollout: () => import("./rollout.ts"),
  serve: () => import("./serve.ts"),
  soak: () => import("./soak.ts"),
  swap: () => import("./swap.ts"),
  train: () => import("./train.ts"),
  transfers: () => import("./transfers.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  console.error(`usage: npm run bench -- <${Object.keys(benches).join(" | ")}> [options]`);
  process.exitCode = 2;
} else await (await load()).run(args).catch(refuse);

/** A flag that a bench does not have, or cannot read, is the caller's mistake: its source file says which it has. */
function refuse(error: Error & { code?: string }): void {
  if (!error.code?.startsWith("ERR_PARSE_ARGS_")) throw error;
  console.error(`${name}: ${error.message} (what it takes: bench/${name}.ts)`);
  process.exitCode = 2;
}
