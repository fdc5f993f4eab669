import type { Flag } from "./command.ts";

/** `--data`, the same for every command that reads data. */
export const dataFlag: Flag = {
  type: "string",
  value: "folder",
  multiple: true,
  doc:
    "data folder with a datasets.json; several may be given, one --data each. The word sample stands for the sample that\n" +
    "      comes with the project, which is also what there is without a folder",
  env: "KDNAS_DATA",
};
