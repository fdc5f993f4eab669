import { accessSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../src/contract/manifest.ts";
import { studentFolder, studentNames } from "../../src/contract/models-folder.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Runner } from "../engine/runner.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { Candidates } from "../rollout/candidates.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { BadStudentError, type LoadFailureReason } from "./load-failure.ts";
import { readStudentManifest } from "./read-manifest.ts";
import { type Student, servedAmong } from "./student.ts";
import { type Loaded, loadFailureReasonOf, StudentLoader } from "./student-loader.ts";
import type { StudentReader } from "./student-reader.ts";
import { watchFolder } from "./watch.ts";

/**
 * The students that are served: each `manifest.json` one folder below the models folder. A change is loaded beside the
 * old student, checked and warmed up, and then takes its place between two requests; a student that fails to load
 * leaves the old one where it is.
 */
export interface Registry {
  students(): readonly Student[];
  /** Changes whenever `students()` does: who answers together with whom may be another then. */
  readonly generation: number;
  /** Those beside live students, which are never among `students()`. */
  readonly candidates: Candidates;
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

/** A folder whose files have changed, while they are read. */
interface Attempt {
  readonly name: string;
  readonly folder: string;
  /** What the folder held when reading began. */
  readonly fingerprint: string;
  readonly startedMs: number;
  /** Undefined when its manifest is the one that is served. */
  readonly read: Promise<Loaded | undefined>;
}

/** A student of another folder is in the way, whatever its own files hold: once that one goes or changes, it is tried again. */
class HeldBackError extends BadStudentError {}

/** A folder may be missing for a moment while another is renamed into its place. */
const missingScansToRemove = 2;

export function createRegistry(options: RegistryOptions): Registry {
  return new FolderRegistry(options);
}

class FolderRegistry implements Registry {
  readonly candidates: Candidates;
  private readonly options: RegistryOptions;
  private readonly loader: StudentLoader;
  /** By folder name. */
  private readonly live = new Map<string, Loaded>();
  /** What a folder held when it was last tried. */
  private readonly fingerprints = new Map<string, string>();
  private readonly missing = new Map<string, number>();
  private readonly unreadable = new Set<string>();
  /** Of folders that failed to load when they were last tried. */
  private readonly failures = new Map<string, LoadFailureReason>();
  /** Folders that other folders' students are in the way of. */
  private readonly heldBack = new Set<string>();
  private list: readonly Student[] = [];
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private watcher: { close(): void } | undefined;
  private started = false;
  generation = 0;

  constructor(options: RegistryOptions) {
    this.options = options;
    this.loader = new StudentLoader(options);
    this.candidates = new Candidates({ ...options, loader: this.loader });
  }

  students(): readonly Student[] {
    return this.list;
  }

  lease(student: Student): () => void {
    return this.loader.lease(student);
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
    void this.scan();
  }

  close(): void {
    this.watcher?.close();
    this.options.reader.close();
  }

  private async scanOnce(): Promise<void> {
    this.candidates.readFile();
    const found = this.findFolders();
    if (found === undefined) return;
    for (const folder of found) this.missing.delete(folder);
    await (this.live.size === 0 ? this.loadAtOnce(found) : this.loadByTurns(found));
    for (const folder of [...this.live.keys()]) if (!found.includes(folder)) this.noteMissing(folder);
    for (const known of [this.fingerprints, this.failures, this.heldBack])
      for (const folder of [...known.keys()]) if (!found.includes(folder)) known.delete(folder);
    // What was in their way may have gone in this scan: a folder that was renamed is not without its student until the next.
    await this.loadByTurns([...this.heldBack]);
    // A start waits for live students only.
    if (this.started) await this.candidates.follow((folder) => this.live.get(folder)?.student);
    this.started = true;
    this.tellUnloadable();
  }

  /** What cannot be looked into has no manifest to be tried, and is told all the same. */
  private tellUnloadable(): void {
    const reasons = new Map(this.failures);
    for (const folder of this.unreadable) reasons.set(folder, "missing");
    this.options.metrics.unloadable([...reasons.values(), ...this.candidates.refusalReasons]);
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

  /** Names of folders with a manifest; undefined, and a line in the log, when the models folder cannot be read. */
  private findFolders(): string[] | undefined {
    const { folder, log } = this.options;
    try {
      accessSync(folder);
      const names = studentNames(folder);
      for (const name of this.unreadable) if (!names.includes(name)) this.unreadable.delete(name);
      return names.filter((name) => this.hasManifest(name));
    } catch (cause) {
      log.error(`cannot read the models folder: ${(cause as Error).message}`);
      return undefined;
    }
  }

  /** A folder that cannot be looked into is told of once, and does not keep the others from being loaded. */
  private hasManifest(name: string): boolean {
    try {
      const found = statSync(join(this.placeOf(name), "manifest.json"), { throwIfNoEntry: false });
      this.unreadable.delete(name);
      return found?.isFile() ?? false;
    } catch (cause) {
      if (!this.unreadable.has(name)) this.noteFailure(name, cause as Error, "missing");
      this.unreadable.add(name);
      return this.live.has(name);
    }
  }

  /** Begins to read a folder whose files have changed since it was last tried. */
  private begin(name: string): Attempt[] {
    const folder = this.placeOf(name);
    const fingerprint = fingerprintOf(folder);
    if (fingerprint === undefined || this.fingerprints.get(name) === fingerprint) return [];
    const read = this.read(name, folder);
    // It is awaited when its turn comes.
    read.catch(() => {});
    return [{ name, folder, fingerprint, startedMs: performance.now(), read }];
  }

  private placeOf(name: string): string {
    return studentFolder(this.options.folder, name);
  }

  private async read(name: string, folder: string): Promise<Loaded | undefined> {
    const source = readStudentManifest(join(folder, "manifest.json"));
    if (this.live.get(name)?.manifestText === source.manifestText) return undefined;
    const adopted = this.candidates.adopt(name, source.manifestText, folder);
    return adopted ?? (await this.loader.read({ ...source, folder, isCandidate: false, yielding: this.live.size > 0 }));
  }

  private async finish({ name, folder, fingerprint, startedMs, read }: Attempt): Promise<void> {
    this.heldBack.delete(name);
    try {
      const student = await read;
      if (student !== undefined) await this.load(name, student, startedMs);
      this.failures.delete(name);
    } catch (cause) {
      const changed = fingerprintOf(folder) !== fingerprint;
      const reason = changed ? "changed" : loadFailureReasonOf(cause);
      this.failures.set(name, reason);
      this.noteFailure(name, cause as Error, reason);
      if (cause instanceof HeldBackError) this.heldBack.add(name);
      // Only a bad file stays bad until it changes; a worker that was lost meanwhile deserves another try.
      if (changed || !(cause instanceof BadFileError)) return;
    }
    this.fingerprints.set(name, fingerprint);
  }

  private async load(name: string, next: Loaded, startedMs: number): Promise<void> {
    const { metrics, log } = this.options;
    const { manifest } = next.student;
    await this.loader.open(next, () => {
      this.refuseTwin(name, manifest.name);
      this.refuseOtherInput(name, manifest);
    });
    this.swap(name, next);
    metrics.studentLoaded(manifest);
    log.info(`loaded ${manifest.name} ${manifest.version} in ${Math.round(performance.now() - startedMs)} ms`);
  }

  /** Clients name students: two folders may not share a name. */
  private refuseTwin(folder: string, name: string): void {
    const twin = [...this.live].find(([other, { student }]) => other !== folder && student.manifest.name === name);
    if (twin) throw new HeldBackError(`the name ${name} is taken by the folder ${twin[0]}`, { reason: "name" });
  }

  /** Clients name tasks: one that users declared may not be over texts here and over pairs there. */
  private refuseOtherInput(folder: string, { tasks }: Manifest): void {
    for (const [other, { student }] of this.live)
      for (const { name, input } of tasks) {
        const known = student.tasks.get(name)?.task.input ?? input;
        if (other === folder || known === input) continue;
        const fault = `${name} is a task over a ${input} here, and over a ${known} in the folder ${other}`;
        throw new HeldBackError(fault, { reason: "manifest" });
      }
  }

  /** From here on new requests get the new student; those that have the old one keep it until they are done. */
  private swap(name: string, next: Loaded | undefined): void {
    const old = this.live.get(name);
    if (next) this.live.set(name, next);
    else this.live.delete(name);
    const students = [...this.live.values()].map((live) => live.student);
    this.list = students.map((student) => servedAmong(student, students));
    this.generation++;
    if (!old) return;
    for (const folder of this.heldBack) this.fingerprints.delete(folder);
    this.options.metrics.studentRemoved(old.student.manifest);
    this.loader.retire(old);
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
