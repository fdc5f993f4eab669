import { expect, test } from "vitest";
import { readFlags } from "../../search/command/command.ts";
import { presets, searchCommand, toSearchConfig } from "../../search/config.ts";
import { ConfigError } from "../../src/errors.ts";

const configOf = (...argv: string[]) => toSearchConfig(readFlags(searchCommand, argv, {}));

test("toSearchConfig() of no flags is a complete search", () => {
  const config = configOf();
  expect(config).toMatchObject({
    preset: "full",
    id: "full-seed1",
    data: [],
    tasks: null,
    metrics: { urls: [], windowSeconds: 3600, selector: "", authorization: null },
    production: null,
    promote: "better",
  });
  expect(Object.values(config).every((value) => value !== undefined)).toBe(true);
});

test("toSearchConfig() sorts budgets, names a run after preset and seed, and overrules the trials", () => {
  const config = configOf("--preset", "quick", "--seed", "7", "--budgets", "3,0.1", "--trials", "2");
  expect(config.budgetsMs).toEqual([0.1, 3]);
  expect(config.id).toBe("quick-seed7");
  expect(config.effort).toEqual({ ...configOf("--preset", "quick").effort, trials: 2 });
  expect(configOf("--id", "mine").id).toBe("mine");
  expect(configOf("--tasks", "filter, tickets,filter").tasks).toEqual(["filter", "tickets"]);
  expect(configOf("--data", "a", "--data", "b").data).toEqual(["a", "b"]);
});

test.each([
  [["--budgets", "1,,2"], "--budgets"],
  [["--budgets", "-1"], "--budgets"],
  [["--budgets", ""], "--budgets"],
  [["--trials", "0"], "--trials is at least 1"],
  [["--threads", "0"], "--threads is at least 1"],
  [["--id", "../elsewhere"], "--id"],
  [["--name", "My Student"], "--name"],
  [["--hours", "0"], "--hours is above 0"],
  [["--tasks", "filter,,sentiment"], "--tasks is a list such as"],
  [["--tuned-teacher", "a,,b", "--soft-targets"], "--tuned-teacher is a list such as"],
  [["--preset", "quick", "--soft-targets"], "--soft-targets goes with --preset full"],
  [["--preset", "enormous"], "--preset is one of"],
  [["--controller", "genius"], "--controller is one of"],
])("toSearchConfig() refuses %j", (argv, message) => {
  expect(() => configOf(...argv)).toThrow(ConfigError);
  expect(() => configOf(...argv)).toThrow(message);
});

test("a larger preset does more of everything", () => {
  const [full, quick] = [configOf().effort, configOf("--preset", "quick").effort];
  for (const key of ["trials", "proxyTokens", "trialTokens", "distilTokens", "headTokens"] as const) {
    expect(full[key]).toBeGreaterThan(quick[key]);
  }
});

test("toSearchConfig() takes several teachers for --soft-targets, with blanks between them or not", () => {
  expect(configOf("--tuned-teacher", "a/b, c", "--soft-targets").tunedTeachers).toEqual(["a/b", "c"]);
});

test("toSearchConfig() fine-tunes the teacher only to learn from its answers", () => {
  const effortOf = (...argv: string[]) => configOf(...argv).effort;
  expect(effortOf()).toMatchObject({ teacherTokens: 0, softTokens: 0 });
  expect(effortOf("--soft-targets")).toMatchObject({
    teacherTokens: presets.full.teacherTokens,
    softTokens: presets.full.softTokens,
  });
});
