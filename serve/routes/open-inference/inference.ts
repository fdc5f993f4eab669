import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { InvalidInputError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import type { App } from "../../app.ts";
import { parseBody, parseJson, readBytes } from "../../http/body.ts";
import { askModel } from "../ask.ts";
import { findModel, modelNames, versionsOf } from "../model-name.ts";
import { answerProbe, deadReason, readyReason } from "../readiness.ts";
import { predictionHeaders, sendJson } from "../reply.ts";
import { budgetHeaders, textFailures } from "../request.ts";
import type { HotRoute, Parameters } from "../route.ts";
import { InferReply, InferRequest, ModelMetadata, openInferenceErrors, ServerMetadata, type Tensor } from "./shapes.ts";
import { inputNames, outputMetadata, toItems, toOutputs } from "./tensors.ts";

const tag = "Open Inference Protocol";
const Ready = z.strictObject({ name: z.string(), ready: z.literal(true) });
const get = { method: "GET", errors: openInferenceErrors } as const;

/** KServe's and Triton's protocol. A model is a task, or of one student `task@student`; a version is a student's. */
export const openInferenceRoutes: readonly HotRoute[] = [
  {
    ...{ ...get, path: "/v2", scope: "infer", answer: describeServer },
    describe: { tag, summary: "The server and its models", responses: { 200: ServerMetadata }, failures: [] },
  },
  probe("live", deadReason),
  probe("ready", readyReason),
  ...["/v2/models/{model}", "/v2/models/{model}/versions/{version}"].flatMap(modelRoutes),
];

function probe(name: "live" | "ready", reasonAgainst: (app: App) => string | undefined): HotRoute {
  return {
    ...{ ...get, path: `/v2/health/${name}`, scope: null },
    describe: {
      ...{ tag, summary: `Whether the server is ${name}`, failures: name === "live" ? [] : [503] },
      responses: { 200: z.strictObject({ [name]: z.literal(true) }) },
    },
    answer: answerProbe(reasonAgainst, { [name]: true }),
  };
}

function modelRoutes(path: string): HotRoute[] {
  return [
    {
      ...{ ...get, path, scope: "infer", answer: describeModel },
      describe: {
        tag,
        summary: "A model's inputs and outputs",
        responses: { 200: ModelMetadata },
        failures: [400, 404, 503],
      },
    },
    {
      ...{ ...get, path: `${path}/ready`, scope: "infer", answer: modelReady },
      describe: { tag, summary: "Whether a model is ready", responses: { 200: Ready }, failures: [400, 404, 503] },
    },
    {
      ...{ ...get, method: "POST", path: `${path}/infer`, scope: "infer", answer: infer },
      describe: {
        ...{ tag, summary: "Classifies texts or pairs of texts", request: InferRequest, headers: budgetHeaders },
        responses: { 200: InferReply },
        failures: textFailures,
      },
    },
  ];
}

function describeServer({ registry }: App, _req: IncomingMessage, res: ServerResponse): void {
  const models = modelNames(registry.students());
  sendJson(res, { name: "kdnas", version: "2", extensions: ["binary_tensor_data"], models });
}

function describeModel({ registry }: App, _req: IncomingMessage, res: ServerResponse, parameters: Parameters) {
  const { model: name = "", version } = parameters;
  const model = findModel(registry.students(), name, version);
  const inputs = inputNames(model.task).map((input) => ({ name: input, datatype: "BYTES", shape: [-1] }));
  const versions = version === undefined ? versionsOf(registry.students(), model) : [version];
  sendJson(res, { name, versions, platform: "onnxruntime_onnx", inputs, outputs: outputMetadata });
}

function modelReady({ registry }: App, _req: IncomingMessage, res: ServerResponse, parameters: Parameters) {
  const { model: name = "", version } = parameters;
  findModel(registry.students(), name, version);
  sendJson(res, { name, ready: true });
}

async function infer(app: App, req: IncomingMessage, res: ServerResponse, parameters: Parameters): Promise<void> {
  const { model: name = "", version } = parameters;
  const { request, binary } = await readRequest(app, req);
  const model = findModel(app.registry.students(), name, version);
  const outputs = outputNames(request);
  const items = toItems(model.task, request.inputs, binary);
  const question = { items, liveOnly: version !== undefined };
  const { prediction, results: answers } = await askModel(app, req, res, model, question);
  const truncated = [...answers.keys()].filter((i) => answers[i]?.truncated);
  const reply = {
    model_name: name,
    model_version: prediction.student.manifest.version,
    ...(request.id !== undefined && { id: request.id }),
    ...(truncated.length > 0 && { parameters: { truncated: truncated.join() } }),
    outputs: select(toOutputs(answers), outputs),
  };
  sendJson(res, reply, predictionHeaders(prediction));
}

/** With the binary extension a header says how long the JSON is; the tensors come after it. Replies are JSON always. */
async function readRequest(app: App, req: IncomingMessage) {
  const body = await readBytes(req, app.config.bodyLimitBytes);
  const length = Number(req.headers["inference-header-content-length"] ?? body.length);
  if (!Number.isInteger(length) || length < 0 || length > body.length)
    throw new InvalidInputError("Inference-Header-Content-Length: not a length within the body");
  const request = parseBody(InferRequest, parseJson(body.subarray(0, length).toString("utf8")));
  return { request, binary: body.subarray(length) };
}

/** All of them when none is named. @throws {InvalidInputError} before anybody is asked */
function outputNames({ outputs = [] }: InferRequest): readonly string[] {
  const all = outputMetadata.map(({ name }) => name);
  const names = outputs.map(({ name }) => name);
  if (names.some((name) => !all.includes(name))) throw new InvalidInputError(`outputs: there are ${all.join(", ")}`);
  // Each holds something for every text: one that may be repeated makes a large reply of a small request.
  if (new Set(names).size < names.length) throw new InvalidInputError("outputs: each may be named once");
  return names.length === 0 ? all : names;
}

function select(outputs: readonly Tensor[], names: readonly string[]): readonly Tensor[] {
  return names.map((name) => must(outputs.find((tensor) => tensor.name === name)));
}
