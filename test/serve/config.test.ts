import { describe, expect, test } from "vitest";
import { readConfig } from "../../serve/config.ts";
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
    [{ KDNAS_REQUIRE_KEYS: "maybe" }, [], /^KDNAS_REQUIRE_KEYS: expected true or false/],
    [{ KDNAS_LOG_LEVEL: "loud" }, [], /^KDNAS_LOG_LEVEL: expected one of debug, info, warn, error/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector" }, [], /^OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL/],
    [{}, ["--prot", "1"], /--prot/],
  ])("readConfig() refuses %j %j and names the setting", (environment, args, message) => {
    expect(() => readConfig(args, environment)).toThrow(ConfigError);
    expect(() => readConfig(args, environment)).toThrow(message);
  });

  test("readConfig() takes true and false for a flag, and wants a key file where keys are required", () => {
    const keys = { KDNAS_KEYS_FILE: "keys.json" };
    expect(readConfig([], { ...keys, KDNAS_REQUIRE_KEYS: "true" }).requireKeys).toBe(true);
    expect(readConfig([], { ...keys, KDNAS_REQUIRE_KEYS: "false" }).requireKeys).toBe(false);
    expect(() => readConfig([], { KDNAS_REQUIRE_KEYS: "true" })).toThrow(/^KDNAS_REQUIRE_KEYS: keys are required/);
  });
});
