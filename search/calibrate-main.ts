import { ConfigError } from "../src/errors.ts";
import { machine } from "../src/onnx/machine.ts";
import { percent } from "../src/percent.ts";
import { quantile } from "../src/stats.ts";
import { runCommand } from "./command/command.ts";
import { calibrationDesign } from "./reward/calibration-design.ts";
import { calibrationPath, calibrationSamples, writeCalibration } from "./reward/calibration-file.ts";
import { leaveOneOut, medianError } from "./reward/latency-model.ts";
import { table } from "./reward/report.ts";
import { timeStudents } from "./reward/time-students.ts";
import { timedLengths } from "./timed-lengths.ts";

/** `npm run calibrate`: teaches the latency model this machine, within a minute, before anything is searched on it. */
await runCommand(
  {
    name: "npm run calibrate",
    about:
      "Times int8 students of all sizes (random weights, one thread) on this machine, for the latency model of searches here.\n" +
      "Do it once a machine, best while it has nothing else to do.",
    flags: {
      runs: {
        type: "string",
        value: "folder",
        doc: "folder of the searches; calibration/ in it is written",
        default: "runs",
      },
      seconds: { type: "number", doc: "time to take", default: 50 },
      students: { type: "integer", doc: "architectures to time, as far as the time allows", default: 40 },
    },
  },
  async (flags, log) => {
    for (const name of ["seconds", "students"]) if (flags[name] <= 0) throw new ConfigError(`--${name} is more than 0`);
    const started = performance.now();
    const students = await timeStudents(calibrationDesign(flags.students), {
      lengths: timedLengths,
      seconds: flags.seconds,
    });
    const seconds = (performance.now() - started) / 1000;
    const draft = {
      format: 1 as const,
      ...machine(),
      threads: 1,
      created: new Date().toISOString(),
      seconds,
      students,
    };
    const heldOut = leaveOneOut(calibrationSamples(students));
    const error = medianError(heldOut);
    const path = calibrationPath(flags.runs, draft);
    writeCalibration(path, { ...draft, leaveOneOutError: Number.isNaN(error) ? null : error });
    log(`${draft.cpu}, ${draft.runtime}: ${students.length} students in ${seconds.toFixed(0)} s`);
    log(
      table(
        ["tokens", "median error of architectures left out"],
        [
          ...timedLengths.map((tokens) => [
            String(tokens),
            percent(medianError(heldOut.filter(({ sample }) => sample.tokens === tokens))),
          ]),
          ["all", percent(error)],
        ],
      ),
    );
    const spread = quantile(
      students.flatMap(({ lengths }) => lengths.map((timing) => timing.spread)),
      0.5,
    );
    if (spread > 0.2) {
      log(
        `The machine was busy (runs of one student differ by ${percent(spread)}): do it again when it has less to do.`,
      );
    }
    log(`${path} · searches with --runs ${flags.runs} on this machine use it from now on`);
  },
);
