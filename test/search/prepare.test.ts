import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readFlags } from "../../search/command/command.ts";
import { searchCommand, toSearchConfig } from "../../search/config.ts";
import { prepare } from "../../search/prepare.ts";
import { writeTinyTeacher } from "../fixtures/tiny-teacher.ts";
import { declaring } from "./corpus/data-folder.ts";

const root = mkdtempSync(join(tmpdir(), "kdnas-prepare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("prepare() refuses data that teach a task nothing before hours of work", async () => {
  const teacher = join(root, "teacher");
  writeTinyTeacher(teacher, { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 128, positions: 256 });
  const columns = ["split", "src_lang", "tgt_lang", "score", "source", "target"];
  const rows = [["val", "en", "de", "100", "Yes.", "Ja."]];
  const task = { name: "alike", input: "pair", labels: ["no", "yes"], metric: "pearson" };
  const data = declaring([task], { name: "pairs", task: "alike", columns, rows });
  const flags = ["--preset", "smoke", "--teacher", teacher, "--data", data, "--runs", join(root, "runs")];
  const preparing = prepare(toSearchConfig(readFlags(searchCommand, flags, {})), () => {});
  await expect(preparing).rejects.toThrow("alike: these data have no rows to learn from, only ones to judge by");
});
