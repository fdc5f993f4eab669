import { fileURLToPath } from "node:url";
import { ConfigError, UpstreamError } from "../../src/errors.ts";
import { type CommandSpec, runCommand } from "../command/command.ts";
import { readCatalogue } from "./catalogue.ts";
import { fetchSets } from "./fetch.ts";

const ownCatalogue = fileURLToPath(new URL("catalogue.json", import.meta.url));

const spec: CommandSpec = {
  name: "npm run data",
  about:
    "Fetches public data sets from their sources and converts them into a data folder. What is there stays as it is.",
  flags: {
    data: {
      type: "string",
      value: "folder",
      doc: "the one data folder to write into, made when it is missing",
      env: "KDNAS_DATA",
      multiple: true,
    },
    catalogue: {
      type: "string",
      value: "file",
      doc: "list of sets: URLs, checksums, column and label mappings; without one, the project's own",
    },
  },
};

await runCommand(spec, async (flags, log) => {
  const [folder, ...others]: readonly string[] = flags.data;
  if (folder === undefined || others.length > 0)
    throw new ConfigError("--data (or KDNAS_DATA) has to name one folder, which the sets are written into");
  const report = await fetchSets(readCatalogue(flags.catalogue ?? ownCatalogue), folder);
  for (const name of report.present) log(`${name}: already there`);
  for (const name of report.fetched) log(`${name}: fetched`);
  for (const { name, reason } of report.failed) log(`${name}: missing: ${reason}`);
  if (report.failed.length > 0)
    throw new UpstreamError(`${report.failed.length} sets are missing: ${report.failed.map((f) => f.name).join(", ")}`);
});
