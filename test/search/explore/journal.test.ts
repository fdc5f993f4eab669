import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashSettings, openJournal, readJournal } from "../../../search/explore/journal.ts";
import { createSpace, sampleArchitecture } from "../../../search/space/space.ts";
import type { Trial } from "../../../search/space/trial.ts";
import { BadFileError, ConfigError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { createRandom } from "../../../src/random.ts";
import { failedTrial, syntheticTrial } from "../synthetic-trials.ts";

const settings = { seed: 1, proxy: 0.3, space: createSpace(1000) };
const random = createRandom(1);
const trials: Trial[] = Array.from({ length: 5 }, (_, episode) => {
  const architecture = sampleArchitecture(settings.space, random);
  return episode === 2 ? failedTrial(architecture, episode) : syntheticTrial(architecture, episode);
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  path = join(folder, "runs", "a", "journal.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(some: readonly Trial[]): void {
  const journal = openJournal(path, "a", settings);
  for (const trial of some) journal.append(trial);
  journal.close();
}

describe("openJournal()", () => {
  test("begins a journal in a folder that is not there and reads back what was appended", () => {
    write(trials);
    const { header, trials: read } = readJournal(path);
    expect(read).toEqual(trials);
    expect(header).toMatchObject({ searchId: "a", settingsHash: hashSettings(settings), settings });
  });

  test("goes on where an earlier process ended", () => {
    write(trials.slice(0, 2));
    const journal = openJournal(path, "a", settings);
    expect(journal.trials).toEqual(trials.slice(0, 2));
    for (const trial of trials.slice(2)) journal.append(trial);
    journal.close();
    expect(readJournal(path).trials).toEqual(trials);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "keeps trials in memory while the disk is full, and writes them in order later",
    () => {
      const full = openSync("/dev/full", "w");
      let isFull = false;
      const journal = openJournal(path, "a", settings, (file, bytes) => {
        if (!isFull) return writeSync(file, bytes);
        writeSync(file, bytes.subarray(0, 20));
        return writeSync(full, bytes);
      });
      expect(journal.append(must(trials[0]))).toBe(true);
      isFull = true;
      expect(journal.append(must(trials[1]))).toBe(false);
      expect(journal.append(must(trials[2]))).toBe(false);
      expect(readJournal(path).trials).toEqual(trials.slice(0, 1));
      isFull = false;
      expect(journal.append(must(trials[3]))).toBe(true);
      isFull = true;
      expect(journal.append(must(trials[4]))).toBe(false);
      expect(() => journal.close()).toThrow("the disk is full, 1 trials are not in it");
      closeSync(full);
      expect(readJournal(path).trials).toEqual(trials.slice(0, 4));
    },
  );

  test("takes a line back that the disk had room for a part of", () => {
    let room = Number.POSITIVE_INFINITY;
    const journal = openJournal(path, "a", settings, (file, bytes) => writeSync(file, bytes.subarray(0, room)));
    room = 30;
    expect(journal.append(must(trials[0]))).toBe(false);
    room = Number.POSITIVE_INFINITY;
    journal.close();
    expect(readJournal(path).trials).toEqual(trials.slice(0, 1));
  });

  test("drops a torn last line, wherever it was cut, and appends after it", () => {
    write(trials.slice(0, 3));
    const whole = readFileSync(path);
    const lastLine = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let length = lastLine; length < whole.length; length += 37) {
      writeFileSync(path, whole.subarray(0, length));
      expect(readJournal(path).trials).toEqual(trials.slice(0, 2));
      const journal = openJournal(path, "a", settings);
      journal.append(trials[3] as Trial);
      journal.close();
      expect(readJournal(path).trials).toEqual([...trials.slice(0, 2), trials[3]]);
    }
  });

  test("begins anew when even the header is torn", () => {
    write([]);
    truncateSync(path, 20);
    const journal = openJournal(path, "a", settings);
    journal.append(trials[0] as Trial);
    journal.close();
    expect(readJournal(path).trials).toEqual([trials[0]]);
  });

  test("refuses other settings and says which", () => {
    write(trials);
    const before = readFileSync(path, "utf8");
    expect(() => openJournal(path, "a", { ...settings, seed: 2 })).toThrow(ConfigError);
    expect(() => openJournal(path, "a", { ...settings, seed: 2 })).toThrow("seed was 1, is 2");
    expect(() => openJournal(path, "a", { ...settings, extra: true })).toThrow("extra was absent, is true");
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  test("accepts the same settings in another order", () => {
    write(trials);
    const { seed, proxy, space } = settings;
    openJournal(path, "a", { space, proxy, seed }).close();
  });

  test("names file and line of a damaged line in the middle, and leaves the file alone", () => {
    write(trials);
    const lines = readFileSync(path, "utf8").split("\n");
    lines[2] = (lines[2] as string).slice(0, 40);
    writeFileSync(path, lines.join("\n"));
    expect(() => openJournal(path, "a", settings)).toThrow(BadFileError);
    expect(() => openJournal(path, "a", settings)).toThrow(`${path}:3: damaged line`);
    expect(readFileSync(path, "utf8")).toBe(lines.join("\n"));
  });

  test("names a line that is JSON but no trial", () => {
    write(trials);
    appendFileSync(path, '{"status":"ok"}\n');
    expect(() => readJournal(path)).toThrow(`${path}:7`);
  });
});

test("append() refuses a trial that does not fit, and writes nothing", () => {
  const journal = openJournal(path, "a", settings);
  const bad = { ...syntheticTrial(sampleArchitecture(settings.space, random)), loss: Number.NaN };
  expect(() => journal.append(bad)).toThrow();
  journal.close();
  expect(readJournal(path).trials).toEqual([]);
});

test("readJournal() says that there is none", () => {
  expect(() => readJournal(path)).toThrow(`${path}: there is no journal here`);
});
