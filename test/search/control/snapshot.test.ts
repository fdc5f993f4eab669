import { expect, test } from "vitest";
import { Observer } from "../../../search/control/observer.ts";
import { toSnapshots } from "../../../search/control/snapshot.ts";
import { toTraffic } from "../../../search/control/traffic.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { minute, startMs } from "./situation.ts";

/** As a Prometheus federates them: a server of ours, and others that tell their start too. */
const federated = (texts: number, atMs: number) =>
  [
    `kdnas_input_tokens_count{instance="a:8080",job="kdnas",task="sentiment"} ${texts} ${startMs}`,
    `kdnas_workers{instance="a:8080",job="kdnas"} 4 ${startMs}`,
    `process_start_time_seconds{instance="a:8080",job="kdnas"} 5 ${startMs}`,
    `process_start_time_seconds{instance="localhost:9090",job="prometheus"} 7 ${atMs}`,
    `process_start_time_seconds{instance="b:9100",job="node"} 9 ${atMs}`,
  ].join("\n");

test("toSnapshots() leaves out what else a Prometheus watches", () => {
  const snapshots = toSnapshots("prometheus", federated(10, startMs), startMs, minute);
  expect(snapshots.map(({ server }) => server)).toEqual(["prometheus a:8080"]);
  const observer = new Observer(5 * minute);
  observer.look([{ server: "prometheus", text: federated(10, startMs) }], startMs);
  const look = observer.look([{ server: "prometheus", text: federated(20, startMs) }], startMs + minute);
  expect(look).toMatchObject({ asked: 1, refused: [] });
  expect(toTraffic(look.windows)).toMatchObject({ servers: 1, workers: 4 });
});

test("toSnapshots() takes servers for stale whatever is new of other programs", () => {
  const now = startMs + 10 * minute;
  expect(() => toSnapshots("prometheus", federated(10, now), now, minute)).toThrow(/stale/);
  const foreign = federated(10, now).split("\n").slice(-2).join("\n");
  expect(() => toSnapshots("prometheus", foreign, now, minute)).toThrow(UpstreamError);
});
