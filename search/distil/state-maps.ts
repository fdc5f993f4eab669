import type { StateMap } from "../student/training-graph.ts";

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
  return [...maps.values(), { studentLayer: "pooled", teacherLayer: "pooled" }];
}

/** The teacher layers that any student of up to `mostLayers` layers regresses onto. */
export function neededTeacherLayers(studentLayers: readonly number[], teacherLayers: number): number[] {
  const layers = studentLayers.flatMap((count) => uniformAndLast(count, teacherLayers).map((map) => map.teacherLayer));
  return [...new Set(layers.filter((layer) => layer !== "pooled"))].sort((a, b) => a - b);
}
