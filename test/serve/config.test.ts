import { describe, expect, test } from "vitest";
import { helpText, readConfig } from "../../serve/config.ts";
import { ConfigError } from "../../src/errors.ts";

describe("readConfig", () => {
  test("readConfig() gives the defaults when nothing is set, and takes an empty variable for unset", () => {
    expect(readConfig([], { PORT: "" })).toMatchObject({ port: 8080, models: "models", maxItems: 128 });
  });

  test("readConfig() prefers a flag over the environment", () => {
    const config = readConfig(["--queue-limit", "256"], { KDNAS_QUEUE_LIMIT: "512", PORT: "9000" });
    expect(config).toMatchObject({ queueLimit: 256, port: 9000 });
  });

  test.each([
    [{ PORT: "abc" }, [], /^PORT: /],
    [{ PORT: "70000" }, [], /^PORT: /],
    [{ KDNAS_WORKERS: "0" }, [], /^KDNAS_WORKERS: /],
    [{ KDNAS_MAX_ITEMS: "2000" }, [], /^KDNAS_MAX_ITEMS: must not be above the queue limit/],
    [{}, ["--prot", "1"], /--prot/],
  ])("readConfig() refuses %j %j and names the setting", (environment, args, message) => {
    expect(() => readConfig(args, environment)).toThrow(ConfigError);
    expect(() => readConfig(args, environment)).toThrow(message);
  });

  test("helpText() lists every setting with its environment name and default", () => {
    for (const part of ["--port", "PORT", "8080", "KDNAS_MODELS", "KDNAS_DRAIN_SECONDS"])
      expect(helpText()).toContain(part);
  });
});
