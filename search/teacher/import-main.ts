import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "../../src/errors.ts";
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
      to: { type: "string", doc: "folder to write; a teacher there is replaced", default: "models/teacher" },
      data: dataFlag,
      pieces: { type: "integer", doc: "pieces to keep", default: 120_000 },
      seed: { type: "integer", doc: "seed of the text sample", default: 1 },
    },
  },
  async (flags, log) => {
    // It may be the very teacher that is read.
    takeUpAside(flags.to);
    readTeacher(flags.from);
    refuseOther(flags.to);
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

/** What is there is removed in the end. @throws {ConfigError} where that is anything but a teacher */
function refuseOther(to: string): void {
  if (!existsSync(to)) return;
  const names = statSync(to).isDirectory() ? readdirSync(to) : [to];
  const isTeacher = names.includes("config.json") && names.some((name) => /^model(\.q4)?\.safetensors$/.test(name));
  if (names.length > 0 && !isTeacher)
    throw new ConfigError(`--to ${to} holds no teacher, and all of it would be replaced; name another folder`);
}

/** Writes beside the target and renames at the end, so that a broken run leaves what was there. */
function writeTeacher(from: string, to: string, keptIds: Int32Array, tokenizer: string): void {
  const draft = `${resolve(to)}.kdnas-draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const source = teacherWeightsPath(from);
  const file = openSafetensors(source);
  const tensors = new Map<string, StoredTensor>();
  for (const name of file.names) {
    const tensor = file.read(name);
    tensors.set(name, /word_embeddings\.weight(\.q4|\.scale)?$/.test(name) ? takeRows(tensor, keptIds) : tensor);
  }
  writeSafetensors(
    join(draft, source.endsWith(".q4.safetensors") ? "model.q4.safetensors" : "model.safetensors"),
    tensors,
  );
  const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(draft, "config.json"), `${JSON.stringify({ ...config, vocab_size: keptIds.length }, null, 2)}\n`);
  writeFileSync(join(draft, "tokenizer.json"), tokenizer);
  try {
    copyFileSync(join(to, "card.md"), join(draft, "card.md"));
  } catch {
    // A first import has no card yet.
  }
  replaceTeacher(draft, to);
}

/** By two renames, the old one aside until the new one is there: killed between, the next import takes it up again. */
function replaceTeacher(draft: string, to: string): void {
  const [target, aside] = [resolve(to), asideOf(to)];
  if (existsSync(target)) renameSync(target, aside);
  renameSync(draft, target);
  rmSync(aside, { recursive: true, force: true });
}

/** What a killed import has put aside is the teacher still, unless the new one is in its place. */
function takeUpAside(to: string): void {
  const [target, aside] = [resolve(to), asideOf(to)];
  if (existsSync(target)) rmSync(aside, { recursive: true, force: true });
  else if (existsSync(aside)) renameSync(aside, target);
}

function asideOf(to: string): string {
  return `${resolve(to)}.kdnas-replaced`;
}
