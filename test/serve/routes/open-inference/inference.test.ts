import request from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  InferReply,
  ModelMetadata,
  ServerMetadata,
  type Tensor,
} from "../../../../serve/routes/open-inference/shapes.ts";
import { startTestServer, type TestServer } from "../../../fixtures/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(undefined, { maxItems: 4 });
});
afterAll(() => server.end());

const http = () => request(server.url);
const bytes = (name: string, data: unknown[], shape = [data.length]) => ({ name, shape, datatype: "BYTES", data });

async function infer(model: string, inputs: object[], more: object = {}) {
  const { body } = await http()
    .post(`/v2/models/${model}/infer`)
    .send({ inputs, ...more });
  const reply = InferReply.parse(body);
  return {
    ...reply,
    tensors: Object.fromEntries(reply.outputs.map((tensor): [string, Tensor] => [tensor.name, tensor])),
  };
}

describe("health and metadata", () => {
  test("the server is live and ready, and names its models", async () => {
    expect((await http().get("/v2/health/live")).body).toEqual({ live: true });
    expect((await http().get("/v2/health/ready")).body).toEqual({ ready: true });
    const { models } = ServerMetadata.parse((await http().get("/v2")).body);
    expect(models).toEqual(expect.arrayContaining(["sentiment", "adequacy", "sentiment@small"]));
  });

  test("a task has its students' versions, the task of one student only its own", async () => {
    const task = ModelMetadata.parse((await http().get("/v2/models/adequacy")).body);
    const one = ModelMetadata.parse((await http().get("/v2/models/adequacy@small")).body);
    expect(task.inputs.map(({ name }) => name)).toEqual(["source", "target"]);
    expect(task.versions).toHaveLength(2);
    expect(one.versions).toEqual([task.versions[1]]);
    const path = `/v2/models/adequacy/versions/${one.versions[0]}`;
    expect((await http().get(path)).body.versions).toEqual(one.versions);
    expect((await http().get(`${path}/ready`)).body).toEqual({ name: "adequacy", ready: true });
  });

  test("a model that is not there is not ready", async () => {
    for (const model of ["nothing", "sentiment@nobody", "sentiment/versions/1", "sentiment@small/versions/1"]) {
      const { status, body } = await http().get(`/v2/models/${model}/ready`);
      expect([status, Object.keys(body)]).toEqual([404, ["error"]]);
    }
  });
});

describe("infer", () => {
  test("each text gets a label and its score, as the task's own route answers", async () => {
    const inputs = ["I love this phone", "bad"];
    const own = (await http().post("/v1/sentiment").send({ inputs })).body.results;
    const { tensors, ...reply } = await infer("sentiment", [bytes("text", inputs)], { id: "7" });
    expect(reply).toMatchObject({ model_name: "sentiment", id: "7", model_version: expect.stringMatching(/^\w{12}$/) });
    expect(tensors.label).toEqual({
      name: "label",
      datatype: "BYTES",
      shape: [2],
      data: own.map((o: { label: string }) => o.label),
    });
    expect(tensors.score?.data).toEqual(own.map((o: { score: number }) => expect.closeTo(o.score, 5)));
    expect(tensors.labels?.shape).toEqual([2, 3]);
    expect(tensors.scores?.data).toHaveLength(6);
  });

  test("pairs come in two inputs, nested data are flattened, outputs are those asked for", async () => {
    const inputs = [bytes("target", [["a"], ["b"]], [2, 1]), bytes("source", ["c", "d"])];
    const { outputs } = await infer("adequacy", inputs, { outputs: [{ name: "score" }] });
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([["score", [2]]]);
  });

  test("a version or a student's name pins the student", async () => {
    const { versions } = (await http().get("/v2/models/filter@small")).body;
    const byName = await infer("filter@small", [bytes("text", ["a"])]);
    const byVersion = await infer(`filter/versions/${versions[0]}`, [bytes("text", ["a"])]);
    expect([byName.model_version, byVersion.model_version]).toEqual([versions[0], versions[0]]);
  });

  test("cut texts are told", async () => {
    const long = "word ".repeat(500);
    const { parameters } = await infer("filter", [bytes("text", [long, "a", long])]);
    expect(parameters).toEqual({ truncated: "0,2" });
  });

  test("null is what is not set", async () => {
    const input = { ...bytes("text", ["a"]), parameters: null };
    const reply = await infer("filter", [input], { id: null, parameters: null, outputs: null });
    expect([reply.id, reply.outputs.length]).toEqual([undefined, 4]);
  });

  test("the binary extension is read", async () => {
    const texts = ["I love this phone", "日本"].map((text) => Buffer.from(text));
    const tensor = Buffer.concat(texts.flatMap((text) => [Buffer.from(new Uint32Array([text.length]).buffer), text]));
    const input = { name: "text", shape: [2], datatype: "BYTES", parameters: { binary_data_size: tensor.length } };
    const json = Buffer.from(JSON.stringify({ inputs: [input] }));
    const post = (body: Buffer) =>
      fetch(`${server.url}/v2/models/filter/infer`, {
        method: "POST",
        headers: { "inference-header-content-length": String(json.length) },
        body: new Uint8Array(body),
      });
    const reply = InferReply.parse(await (await post(Buffer.concat([json, tensor]))).json());
    const { outputs } = await infer("filter", [bytes("text", ["I love this phone", "日本"])]);
    expect(reply.outputs[0]).toEqual(outputs[0]);
    expect((await post(Buffer.concat([json, tensor.subarray(0, 9)]))).status).toBe(400);
    expect((await post(json.subarray(0, 9))).status).toBe(400);
  });

  test.each([
    ["another type", "filter", [{ ...bytes("text", [1]), datatype: "FP32" }]],
    ["numbers for texts", "filter", [bytes("text", [1])]],
    ["another size than the shape's", "filter", [bytes("text", ["a"], [2])]],
    ["no text", "filter", [bytes("text", [], [0])]],
    ["two inputs for a text", "filter", [bytes("text", ["a"]), bytes("more", ["a"])]],
    ["one input for a pair", "adequacy", [bytes("source", ["a"])]],
    ["other names for a pair", "adequacy", [bytes("source", ["a"]), bytes("b", ["a"])]],
    ["pairs with a half too few", "adequacy", [bytes("source", ["a", "b"]), bytes("target", ["a"])]],
    ["too many texts", "filter", [bytes("text", ["a", "b", "c", "d", "e"])]],
  ])("%s gets 400 and an error", async (_, model, inputs) => {
    const { status, body } = await http().post(`/v2/models/${model}/infer`).send({ inputs });
    expect([status, Object.keys(body)]).toEqual([400, ["error"]]);
  });

  test.each([
    ["is not there", ["logits"], "outputs: there are label, score, labels, scores"],
    ["is asked for twice", ["scores", "label", "scores"], "outputs: each may be named once"],
    ["is one of too many", Array(9000).fill("scores"), "outputs: there are no more than 4"],
  ])("an output that %s gets 400", async (_, names, error) => {
    const asked = { inputs: [bytes("text", ["a"])], outputs: names.map((name) => ({ name })) };
    const { status, body } = await http().post("/v2/models/filter/infer").send(asked);
    expect([status, body]).toEqual([400, { error }]);
  });
});
