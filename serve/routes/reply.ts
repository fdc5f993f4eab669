import type { ServerResponse } from "node:http";
import type { Prediction, Timing } from "../answering/predict.ts";

export function sendJson(res: ServerResponse, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(body);
  res.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}

/** Where the time went and who answered, for replies whose shape has no room for it too. */
export function predictionHeaders({ student, timing, downgraded }: Prediction): Record<string, string> {
  const { name, version } = student.manifest;
  return {
    "server-timing": toServerTiming(timing),
    "x-student": `${name}@${version}`,
    ...(downgraded && { "x-downgraded": "true" }),
  };
}

function toServerTiming(timing: Timing): string {
  return Object.entries(timing)
    .map(([stage, ms]) => `${stage};dur=${(ms as number).toFixed(3)}`)
    .join(", ");
}
