import { OverloadedError } from "../../src/errors.ts";
import type { Answer, Asked, Question } from "../answering/answer.ts";
import type { Batcher } from "../queue/batcher.ts";
import { LateError } from "../queue/take-batch.ts";
import type { Client } from "../queue/waiting-items.ts";
import type { Registry } from "../students/registry.ts";
import type { Student } from "../students/student.ts";
import type { Beside } from "./beside.ts";
import { isSampled } from "./sample.ts";
import { Shadow } from "./shadow.ts";

/** What candidates have to do with requests. */
export interface Rollouts {
  /** The candidate that answers this request in the live student's place, where a canary's share takes it. */
  canaryOf(student: Student, client: Client): Student | undefined;
  /** Takes note of what a live student or a canary has said to the items, and may ask a shadow the same. */
  answered(student: Student, question: Question, items: readonly Asked[], answers: readonly (Answer | Error)[]): void;
}

export interface RolloutsOptions {
  readonly registry: Pick<Registry, "candidates" | "lease">;
  readonly batcher: Pick<Batcher, "trySpare" | "onSpare">;
}

export function createRollouts({ registry, batcher }: RolloutsOptions): Rollouts {
  const { candidates } = registry;
  const shadow = new Shadow({
    batcher,
    isCurrent: (beside) => candidates.beside(beside.student.manifest.name) === beside,
    lease: (student) => registry.lease(student),
  });
  return {
    canaryOf: (student, client) => {
      const beside = candidates.beside(student.manifest.name);
      return beside?.isAt("canary") && takes(beside, client) ? beside.student : undefined;
    },
    answered: (student, question, items, answers) => {
      const beside = candidates.beside(student.manifest.name);
      if (beside === undefined) return;
      if (student === beside.student) noteCanary(beside, question.client, answers);
      else if (beside.isAt("canary")) noteWork(beside, "live", answers);
      else if (beside.isAt("shadow") && takes(beside, question.client)) {
        const answered = items.flatMap(({ texts }, i) => {
          const answer = answers[i];
          return isFresh(answer) ? [{ texts, answer }] : [];
        });
        if (answered.length > 0)
          shadow.offer({ beside, tasks: question.tasks, input: question.input, items: answered });
      }
    },
  };
}

/** A stage has a draw of its own, so that a canary's callers are not those whose texts the shadow has seen. */
function takes({ rollout: { candidate, stage, share, stickyBy } }: Beside, client: Client): boolean {
  const key = stage === "canary" && stickyBy === "key" ? client.key : client.requestId;
  return isSampled(`${stage} ${candidate.version}`, key ?? "", share);
}

/** What was left for the live student, because time ran out or the client left, is no fault of the canary. */
function noteCanary(beside: Beside, client: Client, answers: readonly (Answer | Error)[]): void {
  const answered = answers.filter(isFresh);
  if (answered.length > 0) beside.answered(answered.length);
  noteWork(beside, "candidate", answers);
  if (client.aborted) return;
  beside.failed(answers.flatMap((answer) => (answer instanceof Error && !isWantOfTime(answer) ? [answer] : [])));
}

function isWantOfTime(cause: Error): boolean {
  return cause instanceof LateError || cause instanceof OverloadedError;
}

function noteWork(beside: Beside, role: "live" | "candidate", answers: readonly (Answer | Error)[]): void {
  for (const answer of answers) if (isFresh(answer)) beside.worked(role, answer.workMs);
}

/** Answers that were remembered took no work. */
function isFresh(answer: Answer | Error | undefined): answer is Answer {
  return answer !== undefined && !(answer instanceof Error) && answer.workMs > 0;
}
