import { type Dirent, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../src/contract/manifest.ts";
import { BadFileError } from "../src/errors.ts";
import { BadStudentError, type LoadFailureReason } from "./load-failure.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { readStudentManifest } from "./read-manifest.ts";
import type { Runner } from "./runner.ts";
import { createStudent, type Student } from "./student.ts";
import type { SharedStudent } from "./student-batch.ts";
import type { StudentReader } from "./student-reader.ts";
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
  readonly reader: StudentReader;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly maxTokens: number;
  readonly pollSeconds: number;
}

interface Live {
  readonly student: Student;
  readonly manifestText: string;
  readonly shared: SharedStudent;
}

/** A folder whose files have changed, while they are read. */
interface Attempt {
  readonly name: string;
  readonly folder: string;
  /** What the folder held when reading began. */
  readonly fingerprint: string;
  readonly startedMs: number;
  /** Undefined when its manifest is the one that is served. */
  readonly read: Promise<Live | undefined>;
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
  private readonly retired = new Map<string, Live>();
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
      const retired = this.retired.get(id);
      if (left > 0 || retired === undefined) return;
      this.retired.delete(id);
      void this.unload(retired);
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
    this.options.reader.close();
  }

  private async scanOnce(): Promise<void> {
    const found = this.findFolders();
    if (found === undefined) return;
    for (const folder of found) this.missing.delete(folder);
    await (this.live.size === 0 ? this.loadAtOnce(found) : this.loadByTurns(found));
    for (const folder of [...this.live.keys()]) if (!found.includes(folder)) this.noteMissing(folder);
    for (const folder of [...this.fingerprints.keys()]) if (!found.includes(folder)) this.fingerprints.delete(folder);
  }

  /** A start: each is read while the one before is opened and warmed up. */
  private async loadAtOnce(folders: readonly string[]): Promise<void> {
    const attempts = folders.flatMap((folder) => this.begin(folder));
    for (const attempt of attempts) await this.finish(attempt);
  }

  /** While requests are served: no more than one student beside those that are there. */
  private async loadByTurns(folders: readonly string[]): Promise<void> {
    for (const folder of folders) for (const attempt of this.begin(folder)) await this.finish(attempt);
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

  /** Begins to read a folder whose files have changed since it was last tried. */
  private begin(name: string): Attempt[] {
    const folder = join(this.options.folder, name);
    const fingerprint = fingerprintOf(folder);
    if (fingerprint === undefined || this.fingerprints.get(name) === fingerprint) return [];
    const read = this.read(name, folder);
    // It is awaited when its turn comes.
    read.catch(() => {});
    return [{ name, folder, fingerprint, startedMs: performance.now(), read }];
  }

  private async read(name: string, folder: string): Promise<Live | undefined> {
    const { maxTokens } = this.options;
    const { manifest, manifestText } = readStudentManifest(join(folder, "manifest.json"));
    if (this.live.get(name)?.manifestText === manifestText) return undefined;
    const student = createStudent(`${manifest.name}@${manifest.version}#${this.generation++}`, manifest, maxTokens);
    const files = { id: student.id, folder, manifest, maxTokens: student.maxTokens };
    return { student, manifestText, shared: await this.options.reader.read(files, this.live.size > 0) };
  }

  private async finish({ name, folder, fingerprint, startedMs, read }: Attempt): Promise<void> {
    try {
      const student = await read;
      if (student !== undefined) await this.load(name, student, startedMs);
    } catch (cause) {
      const changed = fingerprintOf(folder) !== fingerprint;
      this.noteFailure(name, cause as Error, changed ? "changed" : reasonOf(cause));
      // Only a bad file stays bad until it changes; a worker that was lost meanwhile deserves another try.
      if (changed || !(cause instanceof BadFileError)) return;
    }
    this.fingerprints.set(name, fingerprint);
  }

  private async load(name: string, next: Live, startedMs: number): Promise<void> {
    const { runner, reader, metrics, log } = this.options;
    const { manifest } = next.student;
    try {
      this.refuseTwin(name, manifest.name);
      this.refuseOtherInput(name, manifest);
      await runner.load(next.shared);
    } catch (cause) {
      reader.giveBack(next.shared);
      throw cause;
    }
    this.swap(name, next);
    metrics.studentLoaded(manifest);
    log.info(`loaded ${manifest.name} ${manifest.version} in ${Math.round(performance.now() - startedMs)} ms`);
  }

  private async unload({ student, shared }: Live): Promise<void> {
    await this.options.runner.unload(student.id);
    this.options.reader.giveBack(shared);
  }

  /** Clients name students: two folders may not share a name. */
  private refuseTwin(folder: string, name: string): void {
    const twin = [...this.live].find(([other, { student }]) => other !== folder && student.manifest.name === name);
    if (twin) throw new BadStudentError(`the name ${name} is taken by the folder ${twin[0]}`, { reason: "name" });
  }

  /** Clients name tasks: one that users declared may not be over texts here and over pairs there. */
  private refuseOtherInput(folder: string, { tasks }: Manifest): void {
    for (const [other, { student }] of this.live)
      for (const { name, input } of tasks) {
        const known = student.tasks.get(name)?.task.input ?? input;
        if (other !== folder && known !== input)
          throw new BadStudentError(
            `${name} is a task over a ${input} here, and over a ${known} in the folder ${other}`,
            {
              reason: "manifest",
            },
          );
      }
  }

  /** From here on new requests get the new student; those that have the old one keep it until they are done. */
  private swap(name: string, next: Live | undefined): void {
    const old = this.live.get(name);
    if (next) this.live.set(name, next);
    else this.live.delete(name);
    this.list = [...this.live.values()].map((live) => live.student);
    if (!old) return;
    this.options.metrics.studentRemoved(old.student.manifest);
    if (this.leases.has(old.student.id)) this.retired.set(old.student.id, old);
    else void this.unload(old);
  }

  private noteFailure(name: string, cause: Error, reason: LoadFailureReason): void {
    this.options.metrics.studentFailed(name, reason);
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

function reasonOf(cause: unknown): LoadFailureReason {
  return cause instanceof BadStudentError ? cause.reason : "worker";
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
