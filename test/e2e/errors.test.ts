import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../../bench/server-process.ts";
import { openJournal } from "../../search/explore/journal.ts";
import { listen, type Page } from "../fixtures/listen.ts";
import { writeTinyStudent } from "../fixtures/tiny-student.ts";
import { tinyTensors, writeTinyTeacher } from "../fixtures/tiny-teacher.ts";
import { start } from "./command-line.ts";

// Each case is a whole command.
vi.setConfig({ testTimeout: 120_000 });

/** A home with everything in order, a page on its own port, and a port where nobody listens; each case works on a copy and damages it. */
const root = mkdtempSync(join(tmpdir(), "kdnas-errors-"));
const sound = join(root, "sound");
const teacher = { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 128, positions: 256 } as const;
let page: Page;
let nobodyUrl = "";

beforeAll(async () => {
  mkdirSync(join(sound, "models"), { recursive: true });
  writeTinyStudent(join(sound, "models", "tiny"), { name: "tiny", layers: 0 });
  writeTinyTeacher(join(sound, "teacher"), teacher);
  writeData(join(sound, "data"));
  page = await listen((_, reply) => void reply.setHeader("content-type", "text/html").end("<html>"), "/metrics");
  nobodyUrl = `http://127.0.0.1:${await freePort()}/metrics`;
});
afterAll(async () => {
  await page.close();
  rmSync(root, { recursive: true, force: true });
});

interface Case {
  readonly what: string;
  readonly damage?: (home: string) => void;
  readonly command: (home: string) => readonly [script: string, ...args: string[]];
  readonly code: 1 | 2;
  readonly line: RegExp;
}

const search = (home: string, ...args: string[]) =>
  [
    ...["search/main.ts", "--preset", "smoke", "--teacher", join(home, "teacher"), "--data", join(home, "data")],
    ...["--runs", join(home, "runs"), "--models", join(home, "models"), ...args],
  ] as const satisfies readonly string[];
const serve = (home: string, ...args: string[]) =>
  ["serve/main.ts", "--port", "0", "--workers", "1", "--models", join(home, "models"), ...args] as const;

const cases: readonly Case[] = [
  {
    what: "a data file with damaged gzip",
    damage: (home) => truncateSync(join(home, "data", "mini.tsv.gz"), 60),
    command: search,
    code: 1,
    line: /^error: .*mini\.tsv\.gz: damaged gzip data \(.*\)$/,
  },
  {
    what: "a data file that is not the one described",
    damage: (home) => writeData(join(home, "data"), { sha256: "0".repeat(64) }),
    command: search,
    code: 1,
    line: /^error: .*mini\.tsv\.gz: its sha256 is [0-9a-f]{12}…, datasets\.json says 0{12}…$/,
  },
  {
    what: "a data file with an unknown column",
    damage: (home) => writeData(join(home, "data"), { columns: ["split", "lang", "label", "text"] }, "\tstars"),
    command: search,
    code: 1,
    line: /^error: .*mini\.tsv\.gz:1: unknown column stars \(declared: split, lang, label, text\)$/,
  },
  {
    what: "a data folder that is not there",
    command: (home) => search(home, "--data", join(home, "nowhere")),
    code: 1,
    line: /^error: .*nowhere.datasets\.json: cannot be read \(a data folder holds a datasets\.json\)$/,
  },
  {
    what: "a teacher without a tensor",
    damage: (home) => writeTinyTeacher(join(home, "teacher"), teacher, without("encoder.layer.1.output.dense.bias")),
    command: search,
    code: 1,
    line: /^error: .*model\.safetensors: .*"encoder\.layer\.1\.output\.dense\.bias"/,
  },
  {
    what: "an import of a teacher without a tensor",
    damage: (home) => writeTinyTeacher(join(home, "teacher"), teacher, without("embeddings.LayerNorm.weight")),
    command: (home) => [
      ...(["search/teacher/import-main.ts", "--from", join(home, "teacher"), "--to", join(home, "models")] as const),
    ],
    code: 1,
    line: /^error: .*model\.safetensors: .*"embeddings\.LayerNorm\.weight"/,
  },
  {
    what: "an import of a teacher in the place of students",
    command: (home) => [
      ...(["search/teacher/import-main.ts", "--from", join(home, "teacher"), "--to", join(home, "models")] as const),
    ],
    code: 2,
    line: /^error: --to .*models holds no teacher, and all of it would be replaced; name another folder$/,
  },
  {
    what: "a teacher that is not there",
    command: (home) => search(home, "--teacher", join(home, "nowhere")),
    code: 1,
    line: /^error: .*nowhere: there is no such teacher folder$/,
  },
  {
    what: "a teacher without a tokeniser",
    damage: (home) => rmSync(join(home, "teacher", "tokenizer.json")),
    command: search,
    code: 1,
    line: /^error: .*tokenizer\.json: /,
  },
  {
    what: "a journal of other settings",
    damage: (home) =>
      openJournal(join(home, "runs", "smoke-seed1", "journal.jsonl"), "smoke-seed1", { seed: 2 }).close(),
    command: search,
    code: 2,
    line: /^error: .*journal\.jsonl: this search was begun with other settings \(seed was 2, is 1; /,
  },
  {
    what: "an unknown flag of the search",
    command: (home) => search(home, "--presets", "quick"),
    code: 2,
    line: /^error: Unknown option '--presets'.* npm run search -- --help lists the flags$/,
  },
  {
    what: "a flag of the search with a value that it cannot have",
    command: (home) => search(home, "--budgets", "fast"),
    code: 2,
    line: /^error: --budgets is a list of milliseconds such as 0\.1,1,3, not "fast"$/,
  },
  {
    what: "a metrics URL where nothing listens",
    command: (home) => search(home, "--metrics", nobodyUrl),
    code: 1,
    line: /^error: cannot read http:\/\/127\.0\.0\.1:\d+\/metrics: ECONNREFUSED$/,
  },
  {
    what: "a metrics URL that answers a page",
    command: (home) => search(home, "--metrics", page.url),
    code: 1,
    line: /^error: http:.*\/metrics answers an HTML page, not metrics: is the path right \(\/metrics\)\?$/,
  },
  {
    what: "a metrics URL that is none",
    command: (home) => search(home, "--metrics", "localhost"),
    code: 2,
    line: /^error: "localhost" is no http\(s\) URL of a metrics endpoint$/,
  },
  {
    what: "metrics without a models folder to compare with",
    command: (home) => search(home, "--metrics", page.url, "--models", join(home, "nowhere")),
    code: 1,
    line: /^error: .*nowhere: there is no such folder of students$/,
  },
  {
    what: "a truncated model file",
    damage: (home) => truncateSync(join(home, "models", "tiny", "model.onnx"), 1000),
    command: serve,
    code: 1,
    line: /^kdnas: no student in .* can be served: could not load tiny.*model\.onnx: 1000 bytes, the manifest says \d+$/,
  },
  {
    what: "a model file that its checksum does not fit",
    damage: (home) => flipLastByte(join(home, "models", "tiny", "model.onnx")),
    command: serve,
    code: 1,
    line: /^kdnas: no student in .* can be served: could not load tiny.*model\.onnx: its sha256 is not the manifest's$/,
  },
  {
    what: "a port in use",
    command: (home) => serve(home, "--port", new URL(page.url).port),
    code: 1,
    line: /^kdnas: address already in use 127\.0\.0\.1:\d+; set PORT$/,
  },
  {
    what: "an unknown flag of the server",
    command: (home) => serve(home, "--prot", "1"),
    code: 2,
    line: /^kdnas: Unknown option '--prot'.*--help lists the settings$/,
  },
  {
    what: "a setting of the server that is no number",
    command: (home) => serve(home, "--queue-limit", "many"),
    code: 2,
    line: /^kdnas: KDNAS_QUEUE_LIMIT: /,
  },
  {
    what: "training of a student that is not there",
    command: (home) => [
      ...(["search/train-main.ts", "--models", join(home, "models"), "--runs", join(home, "runs")] as const),
      ...["--students", "big"],
    ],
    code: 2,
    line: /^error: .*models: no student is called big$/,
  },
  {
    what: "pruning of nobody in particular",
    command: (home) => [
      ...(["search/train-main.ts", "--models", join(home, "models"), "--runs", join(home, "runs")] as const),
      ...["--prune", "1x16-ffn16-h2-gelu-e8", "--as", "smaller"],
    ],
    code: 2,
    line: /^error: --prune is of one student: name it, --students$/,
  },
  {
    what: "growth and pruning at once",
    command: (home) => [
      ...(["search/train-main.ts", "--models", join(home, "models"), "--runs", join(home, "runs")] as const),
      ...["--grow", "3x16-ffn16-h2-gelu-e8", "--prune", "1x16-ffn16-h2-gelu-e8"],
    ],
    code: 2,
    line: /^error: --prune and --grow do not go together$/,
  },
  {
    what: "an ensemble for a student that is not there",
    command: (home) => ["search/evaluate/ensemble-main.ts", "--models", join(home, "models"), "--students", "big"],
    code: 2,
    line: /^error: .*models: no student is called big$/,
  },
  {
    what: "an evaluation of a folder without students",
    command: (home) => ["search/evaluate/main.ts", "--models", join(home, "nowhere")],
    code: 1,
    line: /^error: .*nowhere/,
  },
];

for (const { what, damage, command, code, line } of cases) {
  test(`${what} ends in one line and code ${code}, and overwrites nothing`, async () => {
    const home = join(root, what.replaceAll(" ", "-"));
    cpSync(sound, home, { recursive: true });
    damage?.(home);
    const before = hashes(home);
    const [script, ...args] = command(home);
    const running = start(script, args);
    expect(await running.ended, running.stderr()).toBe(code);
    expect(running.stderr().trimEnd().split("\n")).toEqual([expect.stringMatching(line)]);
    expect(hashes(home)).toMatchObject(before);
    expect(readdirSync(join(home, "models"))).toEqual(["tiny"]);
  });
}

function hashes(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  const hashOf = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
  return Object.fromEntries(files.map((name) => [name, hashOf(name)]));
}

/** A data folder with one set of two rows. `extra` goes to the end of each line, header included. */
function writeData(folder: string, overrules: Readonly<Record<string, unknown>> = {}, extra = ""): void {
  const rows = ["split\tlang\tlabel\ttext", "train\ten\t2\ta very good movie", "train\ten\t0\ta very bad movie"];
  const bytes = gzipSync(rows.map((row) => `${row}${extra}\n`).join(""));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "mini.tsv.gz"), bytes);
  const set = {
    name: "mini",
    task: "sentiment",
    file: "mini.tsv.gz",
    sha256: createHash("sha256").update(bytes).digest("hex"),
    columns: ["split", "lang", "label", "text"],
    licence: "CC0-1.0",
    source: "made for a test",
  };
  writeFileSync(join(folder, "datasets.json"), JSON.stringify([{ ...set, ...overrules }]));
}

function without(name: string) {
  const tensors = tinyTensors(teacher);
  tensors.delete(name);
  return tensors;
}

function flipLastByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  writeFileSync(path, bytes);
}
