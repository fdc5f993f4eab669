import type { Flag } from "./command.ts";

/** `--models`, the same for every command that reads or changes the students that are served. */
export const modelsFlag: Flag = {
  type: "string",
  value: "folder",
  doc: "folder of the students that are served",
  env: "KDNAS_MODELS",
  default: "models",
};
