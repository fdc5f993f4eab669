import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../src/contract/manifest.ts";
import { BadFileError } from "../src/errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Runner } from "./runner.ts";
import { createStudent, type Student } from "./student.ts";
import { watchFolder } from "./watch.ts";

/**
 * The students that are served: each `manifest.json` one folder below the models folder. A change is loaded beside the
 * old student, checked and warmed up, and then takes its place between two requests; a student that fails to load
 * leaves the old one where it is.
 */
export interface Registry {
  students(): readonly Student[];
  /** Keeps a student's sessions open until the returned function is called. */
  lease(student: Student): () => void;
  /** Looks at the folder once, and returns when all that changed has been loaded or has failed. */
  scan(): Promise<void>;
  /** Goes on looking. */
  watch(): void;
  close(): void;
}

export interface RegistryOptions {
  readonly folder: string;
  readonly runner: Runner;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly maxTokens: number;
  readonly pollSeconds: number;
}

interface Live {
  readonly student: Student;
  readonly manifestText: string;
}

/** A folder may be missing for a moment while another is renamed into its place. */
const missingScansToRemove = 2;

export function createRegistry(options: RegistryOptions): Registry {
  return new FolderRegistry(options);
}

class FolderRegistry implements Registry {
  private readonly options: RegistryOptions;
  /** By folder name. */
  private readonly live = new Map<string, Live>();
  /** What a folder held when it was last tried. */
  private readonly fingerprints = new Map<string, string>();
  private readonly missing = new Map<string, number>();
  private readonly leases = new Map<string, number>();
  /** Replaced students that still answer a request. */
  private readonly retired = new Set<string>();
  private list: readonly Student[] = [];
  private generation = 0;
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private watcher: { close(): void } | undefined;

  constructor(options: RegistryOptions) {
    this.options = options;
  }

  students(): readonly Student[] {
    return this.list;
  }

  lease({ id }: Student): () => void {
    this.leases.set(id, (this.leases.get(id) ?? 0) + 1);
    return () => {
      const left = (this.leases.get(id) ?? 0) - 1;
      if (left > 0) this.leases.set(id, left);
      else this.leases.delete(id);
      if (left === 0 && this.retired.delete(id)) void this.options.runner.unload(id);
    };
  }

  /** Calls during a scan share one more scan after it. */
  scan(): Promise<void> {
    this.queued ??= this.running.then(() => {
      this.queued = undefined;
      this.running = this.scanOnce();
      return this.running;
    });
    return this.queued;
  }

  watch(): void {
    this.watcher ??= watchFolder(this.options.folder, this.options.pollSeconds, () => void this.scan());
  }

  close(): void {
    this.watcher?.close();
  }

  private async scanOnce(): Promise<void> {
    const found = this.findFolders();
    if (found === undefined) return;
    for (const folder of found) {
      this.missing.delete(folder);
      await this.look(folder);
    }
    for (const folder of [...this.live.keys()]) if (!found.includes(folder)) this.noteMissing(folder);
    for (const folder of [...this.fingerprints.keys()]) if (!found.includes(folder)) this.fingerprints.delete(folder);
  }

  /** Folders with a manifest; undefined, and a line in the log, when the models folder cannot be read. */
  private findFolders(): string[] | undefined {
    const { folder, log } = this.options;
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => isFolder(entry) && hasManifest(join(folder, entry.name)))
        .map((entry) => entry.name)
        .sort();
    } catch (cause) {
      log.error(`cannot read the models folder: ${(cause as Error).message}`);
      return undefined;
    }
  }

  /** Tries a folder whose files have changed since it was last tried. */
  private async look(name: string): Promise<void> {
    const folder = join(this.options.folder, name);
    const fingerprint = fingerprintOf(folder);
    if (fingerprint === undefined || this.fingerprints.get(name) === fingerprint) return;
    try {
      await this.load(name, folder);
    } catch (cause) {
      this.noteFailure(name, cause as Error);
      // Only a bad file stays bad until it changes; a worker that was lost meanwhile deserves another try.
      if (!(cause instanceof BadFileError)) return;
    }
    this.fingerprints.set(name, fingerprint);
  }

  private async load(name: string, folder: string): Promise<void> {
    const { runner, metrics, log, maxTokens } = this.options;
    const started = performance.now();
    const path = join(folder, "manifest.json");
    const manifestText = readFileSync(path, "utf8");
    const old = this.live.get(name);
    if (old?.manifestText === manifestText) return;
    const manifest = readManifest(path);
    this.refuseTwin(name, manifest.name);
    const student = createStudent(`${manifest.name}@${manifest.version}#${this.generation++}`, manifest, maxTokens);
    await runner.load({ id: student.id, folder, manifest, maxTokens: student.maxTokens });
    this.swap(name, { student, manifestText });
    metrics.studentLoaded(manifest);
    log.info(`loaded ${manifest.name} ${manifest.version} in ${Math.round(performance.now() - started)} ms`);
  }

  /** Clients name students: two folders may not share a name. */
  private refuseTwin(folder: string, name: string): void {
    const twin = [...this.live].find(([other, { student }]) => other !== folder && student.manifest.name === name);
    if (twin) throw new BadFileError(`the name ${name} is taken by the folder ${twin[0]}`);
  }

  /** From here on new requests get the new student; those that have the old one keep it until they are done. */
  private swap(name: string, next: Live | undefined): void {
    const old = this.live.get(name);
    if (next) this.live.set(name, next);
    else this.live.delete(name);
    this.list = [...this.live.values()].map((live) => live.student);
    if (!old) return;
    this.options.metrics.studentRemoved(old.student.manifest);
    if (this.leases.has(old.student.id)) this.retired.add(old.student.id);
    else void this.options.runner.unload(old.student.id);
  }

  private noteFailure(name: string, cause: Error): void {
    this.options.metrics.studentFailed(name);
    const kept = this.live.has(name) ? "the old one stays" : "it is left out";
    this.options.log.error(`could not load ${name}, ${kept}: ${cause.message}`);
  }

  private noteMissing(name: string): void {
    const scans = (this.missing.get(name) ?? 0) + 1;
    this.missing.set(name, scans);
    if (scans < missingScansToRemove) return;
    this.missing.delete(name);
    this.swap(name, undefined);
    this.options.log.info(`removed ${name}: its folder is gone`);
  }
}

function isFolder(entry: Dirent): boolean {
  return (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith(".");
}

function hasManifest(folder: string): boolean {
  return statSync(join(folder, "manifest.json"), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Changes whenever a file of the folder does; undefined when the folder vanishes under our eyes. */
function fingerprintOf(folder: string): string | undefined {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs, ino } = statSync(join(folder, name));
        return `${name} ${size} ${mtimeMs} ${ino}`;
      })
      .join("\n");
  } catch {
    return undefined;
  }
}
