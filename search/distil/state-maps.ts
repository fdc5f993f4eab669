import type { Architecture } from "../../src/contract/architecture.ts";
import { copiesLayers } from "../space/space.ts";
import type { StateMap } from "../student/training-graph.ts";

/** A student that starts as the teacher's lowest layers holds what is on the way already, and imitates the end alone. */
export function stateMaps(a: Architecture, teacher: Architecture): StateMap[] {
  if (!copiesLayers(a, teacher)) return uniformAndLast(a.layers, teacher.layers);
  return [{ studentLayer: a.layers, teacherLayer: teacher.layers }, pooledMap];
}

const pooledMap: StateMap = { studentLayer: "pooled", teacherLayer: "pooled" };

/**
 * "Uniform + Last" (KD-NAS, arXiv 2303.09639): student layer i of S regresses onto teacher layers floor(i · T / S), spread over
 * the depth, and T − S + i, the last ones; every student's pooled vector onto the teacher's. A static student has the pooled one only.
 */
export function uniformAndLast(studentLayers: number, teacherLayers: number): StateMap[] {
  const maps = new Map<string, StateMap>();
  for (let i = 1; i <= studentLayers; i++) {
    const uniform = Math.floor((i * teacherLayers) / studentLayers);
    for (const teacherLayer of [uniform, teacherLayers - studentLayers + i]) {
      maps.set(`${i} ${teacherLayer}`, { studentLayer: i, teacherLayer });
    }
  }
  return [...maps.values(), pooledMap];
}

/** The teacher layers that students of so many layers regress onto (Uniform + Last). */
export function neededTeacherLayers(studentLayers: readonly number[], teacherLayers: number): number[] {
  return mappedLayers(studentLayers.flatMap((count) => uniformAndLast(count, teacherLayers)));
}

/** The teacher layers of some maps, once and in order. */
export function mappedLayers(maps: readonly StateMap[]): number[] {
  const layers = maps.map(({ teacherLayer }) => teacherLayer).filter((layer) => layer !== "pooled");
  return [...new Set(layers)].sort((a, b) => a - b);
}
