import { describe, expect, test } from "vitest";
import type { CalibrationFile } from "../../../../search/reward/calibration-file.ts";
import { priorModel } from "../../../../search/reward/latency-model.ts";
import { offlineFor } from "../../../../search/reward/production/hardware.ts";
import { UpstreamError } from "../../../../src/errors.ts";
import { machine } from "../../../../src/onnx/machine.ts";
import { syntheticLatencyMs } from "../../synthetic-trials.ts";
import { options, slow, trafficOf, trials } from "./served-world.ts";

const stated = { model: priorModel, manifests: options.manifests, calibrationOf: () => null };
const other = { cpu: "Another CPU (64 cores)", runtime: machine().runtime };

describe("offlineFor()", () => {
  test("takes the timings of students that were timed on production's machine", async () => {
    expect(offlineFor(await trafficOf([{ slow: 1 }]), stated)).toEqual({
      model: priorModel,
      manifests: options.manifests,
      isTimedThere: true,
    });
  });

  test("refuses other hardware than the students were timed on", async () => {
    const traffic = { ...(await trafficOf([{ slow: 1 }])), machines: [other] };
    expect(() => offlineFor(traffic, stated)).toThrow(UpstreamError);
    expect(() => offlineFor(traffic, stated)).toThrow("other hardware than stated: the servers run on Another CPU");
  });

  test("takes what npm run calibrate timed on such a machine instead", async () => {
    const traffic = { ...(await trafficOf([{ slow: 1 }])), machines: [other] };
    const students = trials.slice(0, 12).map(({ architecture }) => ({
      architecture,
      lengths: [8, 32, 128].map((tokens) => {
        const ms = 3 * syntheticLatencyMs(architecture, tokens);
        return { tokens, runs: 9, p50Ms: ms, p95Ms: 1.1 * ms, quietMs: ms, spread: 0 };
      }),
    }));
    const calibrationOf = ({ cpu }: { cpu: string }) =>
      cpu === other.cpu ? ({ students } as unknown as CalibrationFile) : null;
    const offline = offlineFor(traffic, { ...stated, calibrationOf });
    expect(offline.isTimedThere).toBe(false);
    expect(offline.model.scale).toBeGreaterThan(priorModel.scale);
  });

  test("refuses servers on different hardware, and ones that do not tell", async () => {
    const traffic = await trafficOf([{ slow: 1 }]);
    const mixed = { ...traffic, machines: [...traffic.machines, other] };
    expect(() => offlineFor(mixed, stated)).toThrow("the servers run on different hardware");
    expect(() => offlineFor({ ...traffic, machines: [] }, stated)).toThrow("no kdnas_machine_info");
    expect(traffic.students).toContainEqual(expect.objectContaining({ student: slow.name }));
  });
});
