import { expect, test } from "vitest";
import { languagesOf } from "../../../../serve/routes/perspective/languages.ts";

const supported = ["en", "hi", "pt"];
const detected = (label: string, score: number) => ({ label, score, scores: { [label]: score } });

test("languagesOf() takes the caller's languages that are supported, regions and all", () => {
  const requested = ["pt-BR", "sw", "hi-Latn", "en", "not a tag"];
  expect(languagesOf({ requested, detected: undefined, supported }, "T")).toEqual(["pt-BR", "en"]);
});

test("languagesOf() takes romanised text where it was learned", () => {
  const learned = [...supported, "hi-Latn"];
  expect(languagesOf({ requested: ["hi-Latn"], detected: undefined, supported: learned }, "T")).toEqual(["hi-Latn"]);
});

test("languagesOf() takes the detected one where the caller names none", () => {
  expect(languagesOf({ requested: [], detected: detected("pt", 0.3), supported }, "T")).toEqual(["pt"]);
  expect(languagesOf({ requested: undefined, detected: undefined, supported }, "T")).toEqual([]);
});

test("languagesOf() refuses an unsupported language only when it is sure of it", () => {
  expect(languagesOf({ requested: undefined, detected: detected("sw", 0.7), supported }, "T")).toEqual(["sw"]);
  expect(() => languagesOf({ requested: undefined, detected: detected("sw", 0.9), supported }, "T")).toThrow(
    "Attribute T does not support request languages: sw",
  );
});

test("languagesOf() repeats no text that came in the place of a tag", () => {
  const requested = ["some secret text"];
  expect(() => languagesOf({ requested, detected: undefined, supported }, "T")).toThrow("(not a language tag)");
});
