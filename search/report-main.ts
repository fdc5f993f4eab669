import { runCommand } from "./command/command.ts";
import { modelsFlag } from "./command/models-flag.ts";
import { writeReport } from "./write-report.ts";

/** `npm run report`: makes a search's report again, for journals of other versions and after students were scored. */
await runCommand(
  {
    name: "npm run report",
    about:
      "Makes runs/<id>/report.html: what a search found and what it cost. A search does so itself after every trial; this is for\n" +
      "searches of earlier versions, and for scores that npm run evaluate -- --write added since.",
    flags: {
      id: { type: "string", value: "name", doc: "name of the run, as in full-seed1", required: true },
      runs: { type: "string", value: "folder", doc: "folder of the searches", default: "runs" },
      models: modelsFlag,
    },
  },
  (flags, log) => {
    log(writeReport({ id: flags.id, runs: flags.runs, models: flags.models }));
    return Promise.resolve();
  },
);
