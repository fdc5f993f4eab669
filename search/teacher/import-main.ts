import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTokenizerJson } from "../../src/text/read-tokenizer.ts";
import { createUnigram } from "../../src/text/unigram.ts";
import { runCommand } from "../command/command.ts";
import { dataFlag } from "../command/data-flag.ts";
import { loadCorpus } from "../corpus/load.ts";
import { openSafetensors, type StoredTensor, writeSafetensors } from "../graph/safetensors.ts";
import { takeRows } from "./q4.ts";
import { readTeacher, teacherWeightsPath } from "./teacher.ts";
import { countPieces, type LanguageText, trimVocabulary } from "./vocabulary.ts";

/** `npm run teacher:import`: a teacher folder with a vocabulary trimmed to the languages of the data. */
await runCommand(
  {
    name: "npm run teacher:import",
    about:
      "Copies a teacher into the project, with its vocabulary trimmed to the pieces that the texts of the data use.",
    flags: {
      from: { type: "string", doc: "teacher folder in Hugging Face layout", required: true },
      to: { type: "string", doc: "folder to write", default: "models/teacher" },
      data: dataFlag,
      pieces: { type: "integer", doc: "pieces to keep", default: 120_000 },
      seed: { type: "integer", doc: "seed of the text sample", default: 1 },
    },
  },
  async (flags, log) => {
    readTeacher(flags.from);
    log(`reading texts of ${flags.data.join(", ") || "the sample"}`);
    const corpus = await loadCorpus(flags.data, { seed: flags.seed, tasks: "all" });
    const labelled: LanguageText[] = [...corpus.train.values()].flat();
    const json = readTokenizerJson(join(flags.from, "tokenizer.json"));
    log(`counting pieces over ${corpus.unlabelled.length + labelled.length} texts`);
    const counts = countPieces(createUnigram(json), [...corpus.unlabelled, ...labelled]);
    const { keptIds, tokenizerJson } = trimVocabulary(json, counts, flags.pieces);
    writeTeacher(flags.from, flags.to, keptIds, JSON.stringify(tokenizerJson));
    log(`${flags.to}: ${keptIds.length} of ${json.model.vocab.length} pieces kept`);
  },
);

/** Writes beside the target and renames at the end, so that a broken run leaves what was there. */
function writeTeacher(from: string, to: string, keptIds: Int32Array, tokenizer: string): void {
  const building = `${to}.tmp`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const source = teacherWeightsPath(from);
  const file = openSafetensors(source);
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.names) {
    const tensor = file.read(name);
    tensors.set(name, /word_embeddings\.weight(\.q4|\.scale)?$/.test(name) ? takeRows(tensor, keptIds) : tensor);
  }
  writeSafetensors(
    join(building, source.endsWith(".q4.safetensors") ? "model.q4.safetensors" : "model.safetensors"),
    tensors,
  );
  const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(
    join(building, "config.json"),
    `${JSON.stringify({ ...config, vocab_size: keptIds.length }, null, 2)}\n`,
  );
  writeFileSync(join(building, "tokenizer.json"), tokenizer);
  try {
    copyFileSync(join(to, "card.md"), join(building, "card.md"));
  } catch {
    // A first import has no card yet.
  }
  rmSync(to, { recursive: true, force: true });
  renameSync(building, to);
}
