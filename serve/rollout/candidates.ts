import { join } from "node:path";
import type { ManifestTask } from "../../src/contract/manifest.ts";
import { type ActiveRollout, noRollouts, type RolloutFile, readRollouts } from "../../src/contract/rollout.ts";
import { BadFileError } from "../../src/errors.ts";
import type { Log } from "../log.ts";
import { fingerprintOf } from "../students/fingerprint.ts";
import { BadStudentError, type LoadFailureReason } from "../students/load-failure.ts";
import { readStudentManifest } from "../students/read-manifest.ts";
import type { Student } from "../students/student.ts";
import { type Loaded, loadFailureReasonOf, type StudentLoader } from "../students/student-loader.ts";
import { Beside } from "./beside.ts";
import type { RolloutMetrics } from "./rollout-metrics.ts";

export interface CandidatesOptions {
  readonly folder: string;
  readonly loader: StudentLoader;
  readonly metrics: { readonly rollout: RolloutMetrics; studentFailed(name: string, reason: LoadFailureReason): void };
  readonly log: Log;
}

interface Present {
  readonly loaded: Loaded;
  readonly fingerprint: string;
  beside: Beside;
}

interface Refusal {
  /** What was tried: it is not tried again as long as it stays the same. */
  readonly key: string;
  readonly message: string;
  readonly reason: LoadFailureReason;
}

/**
 * The candidates beside live students, as the rollout file says. They are loaded like any student, and offered to nobody. A file
 * that cannot be used changes nothing: what the last good one said holds on.
 */
export class Candidates {
  private readonly options: CandidatesOptions;
  /** By name of the live student, which is that of its folder. */
  private readonly present = new Map<string, Present>();
  private readonly refusals = new Map<string, Refusal>();
  private file: RolloutFile = noRollouts;
  private fault: string | undefined;

  constructor(options: CandidatesOptions) {
    this.options = options;
  }

  /** The candidate beside a student. */
  beside(student: string): Beside | undefined {
    return this.present.size === 0 ? undefined : this.present.get(student)?.beside;
  }

  /** What is wrong with the file as it is now. */
  get fileFault(): string | undefined {
    return this.fault;
  }

  /** Why the candidate of a student could not be loaded. */
  refusalOf(student: string): { readonly now: ActiveRollout; readonly reason: string } | undefined {
    const now = this.nowOf(student);
    const refusal = this.refusals.get(student);
    return now === null || refusal === undefined ? undefined : { now, reason: refusal.message };
  }

  /** Of each candidate that could not be loaded. */
  get refusalReasons(): LoadFailureReason[] {
    return [...this.refusals.values()].map(({ reason }) => reason);
  }

  /** Reads the file anew. */
  readFile(): void {
    const { folder, metrics, log } = this.options;
    try {
      this.file = readRollouts(folder);
      if (this.fault !== undefined) log.info("the rollout file can be used again");
      this.fault = undefined;
    } catch (cause) {
      const { message } = cause as Error;
      if (!(cause instanceof BadFileError)) throw cause;
      if (this.fault !== message) log.error(`rollouts stay as they were: ${message}`);
      this.fault = message;
    }
    metrics.rollout.fileRefused(this.fault !== undefined);
  }

  /** The candidate whose folder has become the live student's: it is loaded already, and from now on a live student. */
  adopt(student: string, manifestText: string, folder: string): Loaded | undefined {
    const present = this.present.get(student);
    if (present?.loaded.manifestText !== manifestText || present.fingerprint !== fingerprintOf(folder))
      return undefined;
    this.present.delete(student);
    present.beside.ended();
    return { ...present.loaded, student: { ...present.loaded.student, candidate: false } };
  }

  /** Loads, moves on and removes candidates as the file says. @param live the student that is served from a folder. */
  async follow(live: (folder: string) => Student | undefined): Promise<void> {
    for (const name of [...this.present.keys()])
      if (this.nowOf(name) === null) this.remove(name, "its rollout has ended");
    for (const name of [...this.refusals.keys()]) if (this.nowOf(name) === null) this.refusals.delete(name);
    for (const { student, now } of this.file.rollouts)
      if (now !== null) await this.followOne(student, now, live(student));
  }

  private async followOne(name: string, now: ActiveRollout, live: Student | undefined): Promise<void> {
    if (live?.manifest.version !== now.candidate.version) return await this.bringUp(name, now, live);
    this.remove(name, "it is the live student now");
    this.refusals.delete(name);
  }

  private async bringUp(name: string, now: ActiveRollout, live: Student | undefined): Promise<void> {
    const folder = join(this.options.folder, now.candidate.folder);
    const fingerprint = fingerprintOf(folder) ?? "missing";
    const present = this.present.get(name);
    const key = [live?.manifest.version, now.candidate.folder, now.candidate.version, fingerprint].join("\n");
    // What is loaded stays as good as it was when its folder is taken away under our eyes, as a promotion does.
    const isSame = present?.loaded.student.manifest.version === now.candidate.version;
    if (isSame && (fingerprint === present.fingerprint || fingerprint === "missing")) this.moveOn(name, present, now);
    else if (this.refusals.get(name)?.key !== key) await this.load({ name, now, live, folder, fingerprint, key });
  }

  private moveOn(name: string, present: Present, now: ActiveRollout): void {
    const before = present.beside.rollout;
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    present.beside.ended();
    present.beside = this.createBeside(present.loaded.student, now);
    this.options.log.info(`candidate ${now.candidate.version} of ${name}: ${before.stage} to ${describe(now)}`);
  }

  private async load(attempt: Attempt): Promise<void> {
    const { name, now, fingerprint, key } = attempt;
    const { log, metrics } = this.options;
    this.remove(name, "another takes its place");
    const started = performance.now();
    try {
      const loaded = await this.read(attempt);
      await this.options.loader.open(loaded);
      this.refusals.delete(name);
      this.present.set(name, { loaded, fingerprint, beside: this.createBeside(loaded.student, now) });
      const tookMs = Math.round(performance.now() - started);
      log.info(`loaded candidate ${now.candidate.version} of ${name} in ${tookMs} ms: ${describe(now)}`);
    } catch (cause) {
      const { message } = cause as Error;
      const reason = loadFailureReasonOf(cause);
      metrics.studentFailed(name, reason);
      log.error(`could not load the candidate of ${name}, the live student answers alone: ${message}`);
      // A worker that was lost meanwhile deserves another try.
      this.refusals.set(name, { key: cause instanceof BadFileError ? key : "", message, reason });
    }
  }

  private async read({ name, now, live, folder }: Attempt): Promise<Loaded> {
    const { manifest, manifestText } = readStudentManifest(join(folder, "manifest.json"));
    const wrong = (message: string) => new BadStudentError(`${folder}: ${message}`, { reason: "manifest" });
    if (live === undefined) throw wrong(`no student ${name} is served that it could be a candidate for`);
    const stranger = [manifest, live.manifest].find((one) => one.name !== name);
    if (stranger) throw wrong(`${stranger.name} is not ${name}: folder, live student and candidate have one name`);
    if (manifest.version !== now.candidate.version)
      throw wrong(`it is version ${manifest.version}, and the rollout file speaks of ${now.candidate.version}`);
    const lost = live.manifest.tasks.find((task) => !manifest.tasks.some((own) => isSameTask(own, task)));
    if (lost) throw wrong(`it does not answer ${lost.name} over a ${lost.input}, which the live student does`);
    return await this.options.loader.read({ folder, manifest, manifestText, isCandidate: true, yielding: true });
  }

  private createBeside(student: Student, now: ActiveRollout): Beside {
    return new Beside(student, now, this.options.metrics.rollout, this.options.log);
  }

  private remove(name: string, reason: string): void {
    const present = this.present.get(name);
    if (present === undefined) return;
    this.present.delete(name);
    present.beside.ended();
    this.options.loader.retire(present.loaded);
    this.options.log.info(`removed candidate ${present.loaded.student.manifest.version} of ${name}: ${reason}`);
  }

  private nowOf(student: string): ActiveRollout | null {
    return this.file.rollouts.find((rollout) => rollout.student === student)?.now ?? null;
  }
}

interface Attempt {
  readonly name: string;
  readonly now: ActiveRollout;
  readonly live: Student | undefined;
  readonly folder: string;
  readonly fingerprint: string;
  readonly key: string;
}

function isSameTask(a: ManifestTask, b: ManifestTask): boolean {
  return a.name === b.name && a.input === b.input;
}

function describe({ stage, share }: ActiveRollout): string {
  return `${stage}, ${Number((100 * share).toFixed(2))} % of its requests`;
}
