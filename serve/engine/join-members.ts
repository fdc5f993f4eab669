import { weightedSum } from "../../src/contract/ensemble.ts";
import { must } from "../../src/invariant.ts";
import type { LoadedStudent, MemberPasses, Pass } from "./student-batch.ts";

type LogitsByTask = Readonly<Record<string, Float32Array>>;

interface Said {
  readonly logits: LogitsByTask;
  readonly passes: readonly Pass[];
}

/**
 * Logits of a student together with the members of its ensemble, and the members' passes; of tasks that it answers alone, its own.
 * A member is asked about those tasks only in which its word counts.
 */
export async function joinMembers(
  { manifest: { ensemble } }: LoadedStudent,
  members: readonly LoadedStudent[],
  own: LogitsByTask,
  ask: (member: LoadedStudent, tasks: readonly string[]) => Promise<Said>,
): Promise<{ readonly logits: LogitsByTask; readonly memberPasses: readonly MemberPasses[] }> {
  const joint = ensemble?.tasks.filter(({ task }) => own[task] !== undefined) ?? [];
  if (members.length === 0 || joint.length === 0) return { logits: own, memberPasses: [] };
  const said: LogitsByTask[] = [own];
  const memberPasses: MemberPasses[] = [];
  for (const [i, member] of members.entries()) {
    const tasks = joint.filter(({ weights }) => must(weights[i + 1]) > 0).map(({ task }) => task);
    const { logits, passes } = tasks.length === 0 ? { logits: {}, passes: [] } : await ask(member, tasks);
    said.push(logits);
    memberPasses.push({ student: member.manifest.name, passes });
  }
  const logitsOf = (task: string) => said.map((logits) => logits[task]);
  const sums = joint.map(({ task, weights }) => [task, weightedSum(logitsOf(task), weights)] as const);
  return { logits: { ...own, ...Object.fromEntries(sums) }, memberPasses };
}
