import { expect, test } from "vitest";
import { unjudged } from "../../../search/evaluate/listen.ts";
import { judgingAll } from "../../../search/learn/student-materials.ts";
import { declaredTask, tinyManifest } from "../../fixtures/tiny-student.ts";
import { declaring } from "../corpus/data-folder.ts";

/** A student that answers tickets with these labels. */
function studentWith(labels: string[]) {
  const declared = [declaredTask("tickets", "text", labels)];
  return { manifest: tinyManifest({ name: "one", layers: 0, tasks: [], declared }) };
}

test("judgingAll() judges students of other labels by those of the data, whatever was read for the last one", async () => {
  const columns = ["split", "lang", "label", "text"];
  const rows = ["train", "val"].flatMap((split) =>
    ["a", "b"].map((label) => [split, "en", label, `a text of ${label} to ${split}`]),
  );
  const folder = declaring([{ name: "tickets" }], { name: "t", task: "tickets", columns, rows });
  const flags = { data: [folder], preset: "quick" };
  const [more, same] = [studentWith(["a", "b", "c"]), studentWith(["a", "b"])];
  const ofMore = await judgingAll(flags, null, [more, more]);
  expect(ofMore.labels.get("tickets")).toEqual(["a", "b", "c"]);
  expect(await judgingAll(flags, ofMore, [more])).toBe(ofMore);
  const ofBoth = await judgingAll(flags, ofMore, [same, more]);
  expect(ofBoth.labels.get("tickets")).toEqual(["a", "b"]);
  expect([more, same].map(({ manifest }) => unjudged(manifest, ofBoth))).toEqual([["tickets"], []]);
});
