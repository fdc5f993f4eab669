import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import * as z from "zod";

const answered = z.array(z.tuple([z.string()], z.int()));
const answers = z.object({ tokenizer: z.string(), texts: answered, variants: z.record(z.string(), answered) });

export const TOKENIZER_PATH = "models/teacher/tokenizer.json";

/** Reference ids by text: `[text, id, id, ...]`. */
export type Answered = z.infer<typeof answered>;

/** The stored answers of PyPI tokenizers, which hold for one file only. */
export function readOracle(): z.infer<typeof answers> {
  const packed = readFileSync("test/oracle/tokenizer/answers.json.gz");
  return answers.parse(JSON.parse(gunzipSync(packed).toString("utf8")));
}

export function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
