import { z } from "zod";
import { TaskName } from "../../src/contract/manifest.ts";
import { readJson } from "../../src/json-file.ts";

const Values = z.record(z.string(), z.string());

/** A public set whose original is plain text, and how its columns and labels become ours. */
const CatalogueEntry = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i),
  /** As in `datasets.json`. */
  task: TaskName,
  language: z.string(),
  licence: z.string(),
  source: z.url(),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  files: z
    .array(
      z.strictObject({
        url: z.url(),
        /** Without one the checksum of the first fetch is recorded, and later fetches are held to it. */
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
        /** One split for the file, a column that names it, or a share of the texts (by their hash) for validation. */
        split: z.union([
          z.string(),
          z.strictObject({ column: z.string(), values: Values }),
          z.strictObject({ validationShare: z.number().gt(0).lt(1) }),
        ]),
      }),
    )
    .min(1),
  format: z.strictObject({
    delimiter: z.string().length(1).nullable(),
    quotes: z.boolean(),
    /** Whether the first row names the columns; otherwise their names. */
    header: z.union([z.literal(true), z.array(z.string()).min(1)]),
  }),
  /** Column of the text. */
  text: z.string(),
  /** Column of the label, and our cell for each of its values. */
  label: z.strictObject({ column: z.string(), values: Values }).optional(),
  note: z.string().optional(),
});
export type CatalogueEntry = Readonly<z.infer<typeof CatalogueEntry>>;

/** @throws {BadFileError} */
export function readCatalogue(path: string): readonly CatalogueEntry[] {
  return readJson(path, z.array(CatalogueEntry), "not a usable catalogue");
}
