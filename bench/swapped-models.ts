import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Manifest } from "../src/contract/manifest.ts";

/** A models folder of its own, whose students can be replaced by another version of themselves, as a search does it. */
export interface SwappedModels {
  readonly folder: string;
  readonly students: readonly string[];
  /** Puts a new version of a student there, in renames; returns the version. */
  swap(student: string): string;
  remove(): void;
}

/** @param names students of `models`; all when there are none. */
export function createSwappedModels(models: string, names: readonly string[] = []): SwappedModels {
  const root = mkdtempSync(join(tmpdir(), "kdnas-swap-"));
  const [folder, staging, aside] = ["models", "staging", "aside"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const students = names.length > 0 ? names : studentsIn(models);
  for (const student of students) {
    cpSync(join(models, student), join(folder, student), { recursive: true });
    writeAlone(join(folder, student));
  }
  let version = 0;
  return {
    folder,
    students,
    swap: (student) => {
      const next = (++version).toString(16).padStart(12, "0");
      linkStudent(join(folder, student), staging, next);
      renameSync(join(folder, student), aside);
      renameSync(staging, join(folder, student));
      rmSync(aside, { recursive: true });
      return next;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A student's ensemble would be gone with the first swap of a member, and the student be faster from then on. */
function writeAlone(folder: string): void {
  const path = join(folder, "manifest.json");
  const { ensemble, ...manifest } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  writeFileSync(path, JSON.stringify(manifest));
}

/** Students of a models folder, the smallest first. */
export function studentsIn(models: string): string[] {
  const manifests = readdirSync(models).flatMap((name) => {
    const manifest = tryRead(join(models, name, "manifest.json"));
    return manifest === undefined ? [] : [{ name, bytes: manifest.bytes }];
  });
  return manifests.sort((a, b) => a.bytes - b.bytes).map(({ name }) => name);
}

function tryRead(path: string): Manifest | undefined {
  try {
    return Manifest.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** By links: copying megabytes would take the cores that are measured. */
export function linkStudent(from: string, to: string, version: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name !== "manifest.json") linkSync(join(from, name), join(to, name));
  const manifest = JSON.parse(readFileSync(join(from, "manifest.json"), "utf8")) as object;
  writeFileSync(join(to, "manifest.json"), JSON.stringify({ ...manifest, version }));
}
