import { readFlags } from "../search/command/command.ts";
import { dataFlag } from "../search/command/data-flag.ts";

/** `--data` of every bench that reads data: what it says elsewhere, it says here. */
export const dataFlags = {
  data: { type: "string", multiple: true, doc: `${dataFlag.doc} [${dataFlag.env}]` },
} as const;

/** The folders that were given, or else those of the environment; none for the sample alone. @throws {ConfigError} */
export function dataFolders(given: readonly string[] | undefined): readonly string[] {
  const argv = (given ?? []).map((folder) => `--data=${folder}`);
  return readFlags({ name: "npm run bench", about: "", flags: { data: dataFlag } }, argv, process.env).data;
}

/** Figures are of the data that they were taken on, and without a folder that is the sample. */
export function printSets(sets: readonly { readonly name: string }[]): void {
  console.log(`data · ${sets.map(({ name }) => name).join(", ")}`);
}
