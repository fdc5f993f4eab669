import type { Flag } from "./command.ts";

/** `--data`, the same for every command that reads data. */
export const dataFlag: Flag = {
  type: "string",
  value: "folder",
  multiple: true,
  doc:
    "data folder with a datasets.json; several may be given, one --data each, or divided as in PATH in the environment. The word\n" +
    "      sample stands for the sample that comes with the project, which is also what there is without a folder",
  env: "KDNAS_DATA",
};
