import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { helpText, settingsPage } from "../../serve/settings-text.ts";

test("helpText() lists every setting with its environment name and default", () => {
  for (const part of ["--port", "PORT", "8080", "KDNAS_MODELS", "KDNAS_DRAIN_SECONDS", "KDNAS_KEYS_FILE"])
    expect(helpText()).toContain(part);
});

test("settingsPage() is what docs/settings.md holds; npm run docs writes it", () => {
  expect(readFileSync(new URL("../../docs/settings.md", import.meta.url), "utf8")).toBe(settingsPage());
});
