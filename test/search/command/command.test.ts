import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type CommandSpec, helpText, readFlags } from "../../../search/command/command.ts";
import { ConfigError } from "../../../src/errors.ts";
import { runToEnd } from "../../e2e/command-line.ts";

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
    "dry-run": { type: "boolean", doc: "say what would be done", default: false },
    json: { type: "string", doc: "file" },
    threads: { type: "integer", doc: "threads", default: 2 },
  },
};
const read = (argv: string[], env: NodeJS.ProcessEnv = {}) => readFlags(spec, ["--from", "x", ...argv], env);

test("readFlags() takes defaults for what is not given", () => {
  const others = { "dry-run": false, json: undefined, threads: 2 };
  expect(read([])).toEqual({ from: "x", data: undefined, count: 3, rate: 0.5, kind: "a", dry: false, ...others });
});

test("readFlags() reads each type", () => {
  const flags = read(["--data", "d", "--count", "7", "--rate=1e-4", "--kind", "b", "--dry"]);
  expect(flags).toMatchObject({ from: "x", data: "d", count: 7, rate: 1e-4, kind: "b", dry: true });
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
  [["--threads", "0"], "--threads is at least 1, not 0"],
  [["--threads=-1"], "--threads is at least 1, not -1"],
  [["--data", "~/data"], '--data: the shell has left ~ in "~/data" as it is'],
  [["--nothing"], "Unknown option '--nothing'; npm run try -- --help"],
  [["stray"], "npm run try -- --help"],
  [["--data"], "--data"],
])("readFlags() of %j is a ConfigError that names the flag", (argv, message) => {
  expect(() => read(argv)).toThrow(ConfigError);
  expect(() => read(argv)).toThrow(message);
});

test("readFlags() names a required flag that is missing", () => {
  expect(() => readFlags(spec, [], {})).toThrow("--from is missing; npm run try -- --help lists the flags");
});

test("readFlags() checks the environment as it checks flags", () => {
  expect(() => read([], { TRY_COUNT: "x" })).toThrow('--count is a whole number, not "x"');
});

test("readFlags() refuses a folder of a list that no shell has expanded, from the environment too", () => {
  const many: CommandSpec = {
    name: "npm run try",
    about: "Tries lists.",
    flags: { data: { type: "string", doc: "data folders", multiple: true, env: "TRY_DATA" } },
  };
  expect(() => readFlags(many, ["--data", "a", "--data", "~/b"], {})).toThrow('--data: the shell has left ~ in "~/b"');
  expect(() => readFlags(many, [], { TRY_DATA: ["a", "~/b"].join(delimiter) })).toThrow(ConfigError);
  expect(readFlags(many, ["--data", "a~/b"], {})).toEqual({ data: ["a~/b"] });
});

test("readFlags() refuses flags that npm has kept, since they stood before --", () => {
  const kept = { npm_config_dry_run: "true" };
  expect(() => read([], kept)).toThrow(new ConfigError("flags go behind --: npm run try -- --dry-run"));
  expect(() => read(["stray"], { npm_config_data: "true" })).toThrow("flags go behind --: npm run try -- --data");
  expect(read(["--dry-run"], kept)).toMatchObject({ "dry-run": true });
});

test("readFlags() lets pass what npm sets for itself", () => {
  const own = { npm_config_user_agent: "npm", npm_config_json: "true", npm_config_dry_run: "" };
  expect(read([], own)).toMatchObject({ "dry-run": false, json: undefined });
});

test("helpText() shows every flag with its doc, values, default and environment variable", () => {
  const help = helpText(spec);
  expect(help).toContain("Tries flags.\n\nUsage: npm run try -- [flags]");
  expect(help).toContain("--count <integer>\n      how many (default 3) [TRY_COUNT]");
  expect(help).toContain("--kind <a|b>");
  expect(help).toContain("--from <string>\n      where from (required)");
  expect(help).toContain("--dry\n");
});

const sample = fileURLToPath(new URL("../../fixtures/sample-command.ts", import.meta.url));
const run = (...flags: string[]) => runToEnd(sample, flags);

test("runCommand() ends with 0 and what the command logs, or its help", async () => {
  expect(await run()).toEqual({ code: 0, stdout: "end well\n", stderr: "" });
  const help = await run("--end", "file", "--help");
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining("--end <well") });
}, 60_000);

test("runCommand() ends with 2 on a wrong flag and with 1 on a bad file, each in one line", async () => {
  const wrong = await run("--end", "soon");
  expect(wrong).toMatchObject({ code: 2, stderr: 'error: --end is one of well, file, bug, not "soon"\n' });
  expect(await run("--end", "file")).toMatchObject({ code: 1, stderr: "error: some/file: is damaged\n" });
}, 60_000);

test("runCommand() shows the stack of a bug", async () => {
  const bug = await run("--end", "bug");
  expect(bug).toMatchObject({ code: 1, stderr: expect.stringContaining("sample-command.ts") });
}, 60_000);
