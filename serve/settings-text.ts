import { describeSettings } from "./config.ts";

/** What `--help` prints. */
export function helpText(): string {
  const rows = describeSettings().map(({ flag, env, standard, doc }) => [flag, env, standard, doc]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`);
  return ["Serves the students of a models folder over HTTP.", "", "flag, environment, default:", ...lines].join("\n");
}

/** The page `docs/settings.md`. */
export function settingsPage(): string {
  const rows = describeSettings().map(
    ({ flag, env, standard, doc }) => `| \`${env}\` | \`${flag}\` | \`${standard}\` | ${doc} |`,
  );
  return `# Settings of the server

Every setting can be given in the environment or as a flag of \`npm start --\`; a flag wins, an empty variable is unset.
A wrong value stops the start with exit code 2 and the reason. \`npm start -- --help\` prints this list; \`npm run docs\`
writes this page from the code.

| environment | flag | default | meaning |
|---|---|---|---|
${rows.join("\n")}
`;
}
