import { architectureName } from "../../src/contract/architecture.ts";
import type { Student } from "../student.ts";

/** Body of `GET /v1/students`: what each student answers, how well and how fast. */
export function describeStudents(students: readonly Student[]) {
  return { students: students.map(describe) };
}

function describe({ manifest, maxTokens, tasks }: Student) {
  return {
    name: manifest.name,
    version: manifest.version,
    architecture: { name: architectureName(manifest.architecture), ...manifest.architecture },
    maxTokens,
    tasks: manifest.tasks.map(({ name, input, labels, languages, threshold }) => ({
      name,
      route: `/v1/${tasks.get(name)?.task.route ?? name}`,
      input,
      labels,
      languages,
      threshold,
    })),
    latency: manifest.latency,
    scores: manifest.scores,
    parameters: manifest.parameters,
    bytes: manifest.bytes,
    created: manifest.created,
  };
}
