import type { Manifest } from "../../../src/contract/manifest.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { CalibrationFile, Machine } from "../calibration-file.ts";
import { calibrationSamples } from "../calibration-file.ts";
import { fitLatencyModel, type LatencyModel } from "../latency-model.ts";
import type { Offline } from "./compare.ts";
import type { Traffic } from "./traffic.ts";

/** Machines by what `kdnas_machine_info` says. */
interface Stated {
  readonly model: LatencyModel;
  readonly manifests: readonly Manifest[];
  /** What `npm run calibrate` timed on a machine; null where it never ran there. */
  readonly calibrationOf: (machine: Machine) => CalibrationFile | null;
}

/**
 * What is known offline about production's machine. Timings of another machine say nothing about it: where the students were timed
 * elsewhere, only what `npm run calibrate` timed there counts.
 * @throws {UpstreamError} for several kinds of machines, and for one that nothing is known of.
 */
export function offlineFor({ machines, students }: Traffic, { model, manifests, calibrationOf }: Stated): Offline {
  const kinds = [
    ...new Map(machines.map(({ cpu = "", runtime = "" }) => [describe({ cpu, runtime }), { cpu, runtime }])),
  ];
  const [first, second] = kinds;
  if (first === undefined) {
    throw new UpstreamError("no kdnas_machine_info: the servers do not tell what hardware they run on");
  }
  if (second !== undefined) {
    const names = kinds.map(([name]) => name).join("; ");
    throw new UpstreamError(
      `the servers run on different hardware, whose times are not one (--selector chooses): ${names}`,
    );
  }
  const [name, machine] = first;
  const timed = manifests.filter((manifest) => students.some(({ student }) => student === manifest.name));
  const elsewhere = timed.find(({ latency }) => describe(latency) !== name);
  if (elsewhere === undefined) return { model, manifests, isTimedThere: true };
  const calibration = calibrationOf(machine);
  if (calibration === null) {
    throw new UpstreamError(
      `other hardware than stated: the servers run on ${name}, ${elsewhere.name} was timed on ${describe(elsewhere.latency)}; ` +
        "npm run calibrate on such a server, and its file in runs/calibration here, tell what it costs there",
    );
  }
  return { model: fitLatencyModel([], calibrationSamples(calibration.students)), manifests, isTimedThere: false };
}

function describe({ cpu, runtime }: Machine): string {
  return `${cpu}, ${runtime}`;
}
