import { z } from "zod";
import { architectureName } from "../../src/contract/architecture.ts";
import { servedLatency, servedScores } from "../../src/contract/ensemble.ts";
import { Ensemble, Latency, Score } from "../../src/contract/manifest.ts";
import { describeRollout, Rollout } from "../rollout/describe-rollout.ts";
import type { Registry } from "../students/registry.ts";
import type { Student } from "../students/student.ts";

/** Fields of the manifest are described with it, in the contract. */
export const Students = z.strictObject({
  students: z.array(
    z.looseObject({
      name: z.string(),
      version: z.string(),
      architecture: z.looseObject({ name: z.string() }),
      maxTokens: z.int(),
      tasks: z.array(z.looseObject({ name: z.string(), route: z.string(), labels: z.array(z.string()) })),
      /** Who answers along with it. */
      ensemble: Ensemble.shape.members.optional(),
      latency: Latency,
      scores: z.array(Score),
      rollout: Rollout.optional(),
    }),
  ),
  /** Why the rollout file cannot be used as it is now; what it said before holds on. */
  rolloutFileRefused: z.string().optional(),
});

/** Body of `GET /v1/students`: what each student answers, how well and how fast, and how the candidate beside it does. */
export function describeStudents(registry: Pick<Registry, "students" | "candidates">) {
  const { candidates } = registry;
  return {
    students: registry.students().map((student) => {
      const rollout = describeRollout(candidates, student.manifest.name);
      return { ...describe(student), ...(rollout && { rollout }) };
    }),
    ...(candidates.fileFault !== undefined && { rolloutFileRefused: candidates.fileFault }),
  };
}

function describe({ manifest, maxTokens, tasks }: Student) {
  const { ensemble } = manifest;
  return {
    name: manifest.name,
    version: manifest.version,
    architecture: { name: architectureName(manifest.architecture), ...manifest.architecture },
    maxTokens,
    tasks: Array.from(
      tasks.values(),
      ({ task, entry: { name, input, labels, languages, threshold, languageThresholds, declared } }) => ({
        name,
        route: `/v1/${task.route ?? name}`,
        input,
        labels,
        languages,
        threshold,
        ...(languageThresholds && { languageThresholds }),
        ...(declared && { declared }),
      }),
    ),
    ...(ensemble && { ensemble: ensemble.members }),
    latency: servedLatency(manifest),
    scores: servedScores(manifest),
    parameters: manifest.parameters,
    bytes: manifest.bytes,
    created: manifest.created,
  };
}
