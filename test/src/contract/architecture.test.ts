import { expect, test } from "vitest";
import { createSpace, enumerate } from "../../../search/space/space.ts";
import { architectureName, fromArchitectureName } from "../../../src/contract/architecture.ts";

test("fromArchitectureName() reads every name of the space back", () => {
  for (const a of enumerate(createSpace(1000))) expect(fromArchitectureName(architectureName(a), 1000)).toEqual(a);
});

test.each([
  "",
  "static-e0",
  "3x384",
  "0x384-ffn384-h12-gelu-e256",
  "2x312-ffn312-h11-relu-e256",
  "1x128-ffn128-h4-gelu-e256",
  "1x128-ffn128-h4-swish-e128",
  "2x312-ffn312-h12-relu-e256 ",
])("fromArchitectureName() takes %j for no name", (name) => {
  expect(fromArchitectureName(name, 1000)).toBeNull();
});
