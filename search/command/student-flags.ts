import { presetNames } from "../config.ts";
import type { Flag } from "./command.ts";
import { dataFlag } from "./data-flag.ts";
import { modelsFlag } from "./models-flag.ts";

/** What the commands take that train students which a search has finished. */
export const studentFlags = {
  students: { type: "string", value: "name,name", doc: "only these, as in budget-1ms (default: all)" },
  data: dataFlag,
  preset: { type: "string", doc: "how much of the data is read", choices: presetNames, default: "full" },
  teacher: { type: "string", value: "folder", doc: "teacher folder of their search", default: "models/teacher" },
  models: modelsFlag,
  runs: { type: "string", value: "folder", doc: "folder of the searches", default: "runs" },
  threads: { type: "integer", doc: "threads for training", default: 2 },
  promote: {
    type: "string",
    doc: "whether a student that passed replaces the one in models/",
    choices: ["better", "never"],
    default: "better",
  },
} as const satisfies Record<string, Flag>;
