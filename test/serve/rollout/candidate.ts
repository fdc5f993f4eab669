import { join } from "node:path";
import { placeCandidate, setStage } from "../../../search/export/candidate-folder.ts";
import type { Rollout } from "../../../serve/rollout/describe-rollout.ts";
import { type ActiveRollout, standardRolloutRule } from "../../../src/contract/rollout.ts";
import { eventually, type TestServer } from "../../fixtures/test-server.ts";
import { type TinyStudent, writeTinyStudent } from "../../fixtures/tiny-student.ts";

export type Stage = Partial<Pick<ActiveRollout, "stage" | "share" | "stickyBy">>;

export const live: TinyStudent = { name: "one", layers: 0 };

/** Puts a student beside the live one, as control does. @param damage is done to its folder first. */
export function putBeside(
  models: string,
  student: TinyStudent,
  stage: Stage,
  damage: (folder: string) => void = () => {},
): ActiveRollout["candidate"] {
  const source = join(models, "..", "run");
  writeTinyStudent(source, student);
  const { candidate } = placeCandidate(models, source);
  damage(join(models, candidate.folder));
  toStage(models, candidate, stage);
  return candidate;
}

let steps = 0;

export function toStage(models: string, candidate: ActiveRollout["candidate"], stage: Stage): void {
  const since = new Date(Date.UTC(2026, 0, 31) + 1000 * steps++).toISOString();
  const now = { candidate, stage: "shadow", share: 1, stickyBy: "request", since, rule: standardRolloutRule, ...stage };
  setStage(models, "one", now as ActiveRollout, "a test");
}

/** As `eventually`, for a busy machine: students are read, and workers lost, by the way. */
export function soon(check: () => void | Promise<void>): Promise<void> {
  return eventually(check, 60_000);
}

interface Shown {
  readonly students: readonly { readonly name: string; readonly version: string; readonly rollout?: Rollout }[];
  readonly rolloutFileRefused?: string;
}

export async function shown(server: TestServer): Promise<Shown> {
  return (await fetch(`${server.url}/v1/students`)).json() as Promise<Shown>;
}

/** The rollout that the server shows of its student, as soon as the check holds. */
export async function rolloutOnce(server: TestServer, holds: (rollout: Rollout) => boolean): Promise<Rollout> {
  let rollout: Rollout | undefined;
  await soon(async () => {
    rollout = (await shown(server)).students[0]?.rollout;
    if (rollout === undefined || !holds(rollout)) throw new Error(`it shows ${JSON.stringify(rollout)}`);
  });
  return rollout as Rollout;
}

export interface Reply {
  readonly student: string;
  readonly version: string;
  readonly results: readonly { readonly label: string; readonly score: number }[];
}

export async function ask(server: TestServer, inputs: string | string[], headers?: Record<string, string>) {
  const response = await server.post("/v1/sentiment", { inputs }, headers);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Reply;
}
