import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type CommandSpec, helpText, readFlags } from "../../../search/command/command.ts";
import { ConfigError } from "../../../src/errors.ts";

const spec: CommandSpec = {
  name: "npm run try",
  about: "Tries flags.",
  flags: {
    from: { type: "string", doc: "where from", required: true },
    data: { type: "string", doc: "data folder", env: "TRY_DATA" },
    count: { type: "integer", doc: "how many", default: 3, env: "TRY_COUNT" },
    rate: { type: "number", doc: "how fast", default: 0.5 },
    kind: { type: "string", doc: "which", choices: ["a", "b"], default: "a" },
    dry: { type: "boolean", doc: "do nothing", default: false, env: "TRY_DRY" },
  },
};
const read = (argv: string[], env: NodeJS.ProcessEnv = {}) => readFlags(spec, ["--from", "x", ...argv], env);

test("readFlags() takes defaults for what is not given", () => {
  expect(read([])).toEqual({ from: "x", data: undefined, count: 3, rate: 0.5, kind: "a", dry: false });
});

test("readFlags() reads each type", () => {
  const flags = read(["--data", "d", "--count", "7", "--rate=1e-4", "--kind", "b", "--dry"]);
  expect(flags).toEqual({ from: "x", data: "d", count: 7, rate: 1e-4, kind: "b", dry: true });
});

test("readFlags() takes the environment for what is not given, and the flag before it", () => {
  const env = { TRY_DATA: "from-env", TRY_COUNT: "9", TRY_DRY: "1" };
  expect(read([], env)).toMatchObject({ data: "from-env", count: 9, dry: true });
  expect(read(["--data", "flag", "--count", "2"], env)).toMatchObject({ data: "flag", count: 2 });
});

test("readFlags() takes an empty environment variable as none, and 0 and false as no", () => {
  expect(read([], { TRY_DATA: "", TRY_COUNT: "" })).toMatchObject({ data: undefined, count: 3 });
  for (const value of ["", "0", "false"]) expect(read([], { TRY_DRY: value })).toMatchObject({ dry: false });
});

test.each([
  [["--count", "2.5"], '--count is a whole number, not "2.5"'],
  [["--count", "many"], '--count is a whole number, not "many"'],
  [["--count="], '--count is a whole number, not ""'],
  [["--rate", "Infinity"], '--rate is a number, not "Infinity"'],
  [["--kind", "c"], '--kind is one of a, b, not "c"'],
  [["--nothing"], "Unknown option '--nothing'; npm run try --help"],
  [["stray"], "npm run try --help"],
  [["--data"], "--data"],
])("readFlags() of %j is a ConfigError that names the flag", (argv, message) => {
  expect(() => read(argv)).toThrow(ConfigError);
  expect(() => read(argv)).toThrow(message);
});

test("readFlags() names a required flag that is missing", () => {
  expect(() => readFlags(spec, [], {})).toThrow("--from is missing; npm run try --help lists the flags");
});

test("readFlags() checks the environment as it checks flags", () => {
  expect(() => read([], { TRY_COUNT: "x" })).toThrow('--count is a whole number, not "x"');
});

test("helpText() shows every flag with its doc, values, default and environment variable", () => {
  const help = helpText(spec);
  expect(help).toContain("Tries flags.\n\nUsage: npm run try -- [flags]");
  expect(help).toContain("--count <integer>\n      how many (default 3) [TRY_COUNT]");
  expect(help).toContain("--kind <a|b>");
  expect(help).toContain("--from <string>\n      where from (required)");
  expect(help).toContain("--dry\n");
});

function run(...flags: string[]) {
  const script = fileURLToPath(new URL("../../fixtures/sample-command.ts", import.meta.url));
  return spawnSync(process.execPath, ["--import", "tsx", script, ...flags], { encoding: "utf8" });
}

test("runCommand() ends with 0 and what the command logs, or its help", () => {
  expect(run()).toMatchObject({ status: 0, stdout: "end well\n", stderr: "" });
  expect(run("--end", "file", "--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("--end <well") });
});

test("runCommand() ends with 2 on a wrong flag and with 1 on a bad file, each in one line", () => {
  const wrong = run("--end", "soon");
  expect(wrong).toMatchObject({ status: 2, stderr: 'error: --end is one of well, file, bug, not "soon"\n' });
  expect(run("--end", "file")).toMatchObject({ status: 1, stderr: "error: some/file: is damaged\n" });
});

test("runCommand() shows the stack of a bug", () => {
  expect(run("--end", "bug")).toMatchObject({ status: 1, stderr: expect.stringContaining("sample-command.ts") });
});
