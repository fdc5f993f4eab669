import type { Flags, Log } from "../command/command.ts";
import type { Candidate } from "../complete/export-candidate.ts";
import { type Reshaping, reshapedStudent } from "./reshape.ts";
import { studentMaterials } from "./student-materials.ts";
import { type Ended, trainEach } from "./train-each.ts";
import { type FurtherMaterials, type FurtherTraining, trainFurther } from "./train-further.ts";

/** What students are trained by, beside their data. */
interface Schooling extends Pick<FurtherMaterials, "tuned" | "ensemble" | "cacheFolder"> {
  readonly config: FurtherTraining;
  /** Null: as they are. */
  readonly reshaping: Reshaping | null;
}

/** Trains students further, all of them before any is promoted: those that teach stay those that they were, also after a kill. */
export function trainAll(
  students: Iterable<Candidate>,
  flags: Flags,
  { config, reshaping, ...teaching }: Schooling,
  log: Log,
): Promise<Ended> {
  const train = async (finished: Candidate) => {
    const candidate = reshaping === null ? finished : reshapedStudent(finished, reshaping);
    const materials = await studentMaterials(flags, candidate, log);
    const trained = await trainFurther(
      { ...config, reshaped: reshaping !== null },
      { ...materials, ...teaching },
      candidate,
      log,
    );
    return { trained, judging: materials.corpus };
  };
  return trainEach(students, train, log);
}
