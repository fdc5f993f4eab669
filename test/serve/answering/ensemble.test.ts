import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../serve/engine/engine.ts";
import type { TextBatch } from "../../../serve/engine/student-batch.ts";
import { Students } from "../../../serve/routes/students.ts";
import { readStudent } from "../../../serve/students/read-student.ts";
import type { Ensemble, Manifest } from "../../../src/contract/manifest.ts";
import { must } from "../../../src/invariant.ts";
import { softmax } from "../../../src/stats.ts";
import { eventually, startTestServer, type TestServer } from "../../fixtures/test-server.ts";
import { type TinyStudent, tinyManifest, writeTinyStudent } from "../../fixtures/tiny-student.ts";

/** Its head over pairs takes vectors only, those of the others what the texts look like, too. */
const small: TinyStudent = {
  ...{ name: "small", layers: 0, seed: 2, score: 0.6, latencyMs: [0.1, 0.1, 0.1] },
  surface: "unknown",
};
const middle: TinyStudent = { name: "middle", layers: 1, seed: 3, score: 0.7, latencyMs: [0.2, 0.2, 0.2] };

/** With `small` and `middle`: at sentiment both count, at adequacy and language the first only, the rest is answered alone. */
function ensembleWith(members: readonly Pick<Manifest, "name" | "version">[]): Ensemble {
  return {
    members: members.map(({ name, version }) => ({ name, version })),
    tasks: [
      { task: "sentiment", weights: [0.5, 0.25, 1] },
      { task: "adequacy", weights: [2, 1, 0] },
      { task: "language", weights: [1, 1, 0] },
    ],
    scores: [
      { task: "sentiment", dataSet: "s", language: "en", metric: "macroF1", rows: 9, student: 0.9, teacher: null },
    ],
    latency: { ...tinyManifest(small).latency, lengths: [{ tokens: 32, p50Ms: 7, p95Ms: 8 }] },
  };
}

describe("run() of a student with an ensemble", () => {
  const root = mkdtempSync(join(tmpdir(), "kdnas-ensemble-"));
  const engine = createEngine();
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const load = async (student: TinyStudent, id = student.name) => {
    const folder = join(root, id);
    const manifest = writeTinyStudent(folder, student);
    await engine.load(await readStudent({ id, folder, manifest, maxTokens: 16 }, new SharedArrayBuffer(1 << 20)));
    return manifest;
  };
  const texts = ["the phone is good", "no", "what a bad day", "a"];
  const run = (studentId: string, input: "text" | "pair", tasks: string[], more: Partial<TextBatch> = {}) =>
    engine.run({ studentId, texts, tokenBudget: 64, input, tasks, ...more });
  const alone = async (task: string, input: "text" | "pair" = "text") => {
    const names = ["alone", "small", "middle"];
    const outputs = await Promise.all(names.map((name) => run(name, input, [task])));
    return outputs.map(({ logits }) => must(logits[task]));
  };

  beforeAll(async () => {
    const members = [await load(small), await load(middle)];
    await load({ name: "large" }, "alone");
    await load({ name: "large", ensemble: ensembleWith(members) }, "large");
    await load(
      { name: "large", ensemble: ensembleWith([must(members[0]), { name: "middle", version: "0".repeat(12) }]) },
      "lonely",
    );
  });

  test("answers pairs also where their languages are asked for, which it tells together too", async () => {
    const plain = await run("large", "pair", ["adequacy"]);
    const { logits, languages } = await run("large", "pair", ["adequacy"], { asksLanguages: true });
    expect(logits).toEqual(plain.logits);
    expect(languages).toHaveLength(texts.length);
  });

  test("adds the logits of all, each times its weight, and leaves the other tasks alone", async () => {
    const { logits, together, passes } = await run("large", "text", ["sentiment", "filter"]);
    expect(together).toBe(true);
    const [own, first, second] = (await alone("sentiment")) as [Float32Array, Float32Array, Float32Array];
    const sums = own.map((x, i) => 0.5 * x + 0.25 * must(first[i]) + must(second[i]));
    expect(Array.from(must(logits.sentiment))).toEqual(Array.from(sums, (x) => expect.closeTo(x, 4)));
    expect(Array.from(must(logits.filter))).toEqual(
      Array.from(must((await alone("filter"))[0]), (x) => expect.closeTo(x, 5)),
    );
    expect(passes.reduce((rows, pass) => rows + pass.rows, 0)).toBe(texts.length);
  });

  test("asks nobody whose weight is none, of pairs as of texts", async () => {
    const { logits } = await run("large", "pair", ["adequacy"]);
    const [own, first] = (await alone("adequacy", "pair")) as [Float32Array, Float32Array];
    const sums = own.map((x, i) => 2 * x + must(first[i]));
    expect(Array.from(must(logits.adequacy))).toEqual(Array.from(sums, (x) => expect.closeTo(x, 4)));
  });

  test("asks those only that the batch names, whoever else is loaded, and none where one of them is not", async () => {
    const together = await run("large", "text", ["sentiment"]);
    const named = await run("large", "text", ["sentiment"], { members: ["small", "middle"] });
    expect(named.logits).toEqual(together.logits);
    const [own] = (await alone("sentiment")) as [Float32Array];
    for (const members of [[], ["small", "gone"]]) {
      const lonely = await run("large", "text", ["sentiment"], { members });
      expect(lonely.together).toBe(false);
      expect(Array.from(must(lonely.logits.sentiment))).toEqual(Array.from(own, (x) => expect.closeTo(x, 5)));
    }
  });

  test("answers alone where a member is there in another version only, or was unloaded", async () => {
    const { logits, together } = await run("lonely", "text", ["sentiment"]);
    expect(together).toBe(false);
    const [own] = (await alone("sentiment")) as [Float32Array];
    expect(Array.from(must(logits.sentiment))).toEqual(Array.from(own, (x) => expect.closeTo(x, 5)));
    await load(middle, "another");
    await engine.unload("another");
    const asked = run("large", "text", ["sentiment"]);
    await engine.unload("middle");
    expect((await asked).together).toBe(true);
    expect((await run("large", "text", ["sentiment"])).together).toBe(false);
  });
});

interface Reply {
  readonly student: string;
  readonly results: readonly { readonly label: string; readonly scores: Readonly<Record<string, number>> }[];
}

describe("a server", () => {
  let server: TestServer;
  const large = (): TinyStudent => {
    const members = [tinyManifest(small), tinyManifest(middle)];
    return { name: "large", score: 0.8, latencyMs: [5, 5, 5], ensemble: ensembleWith(members) };
  };
  beforeAll(async () => {
    server = await startTestServer([small, middle, large()]);
  });
  afterAll(() => server.end());
  const ask = async (route: string, body: object) => (await (await server.post(route, body)).json()) as Reply;
  const sentiment = (student: string) => ask("/v1/sentiment", { inputs: "good", student });

  const labels = ["negative", "neutral", "positive"];
  const probabilities = (reply: Reply) => labels.map((label) => must(must(reply.results[0]).scores[label]));

  test("gives the pool's probabilities as they are, and names the student", async () => {
    const joint = await sentiment("large");
    expect(joint.student).toBe("large");
    // Each student's series are of its own passes.
    for (const student of ["large", "small", "middle"])
      expect(await server.app.metrics.text()).toContain(`kdnas_student_tokens_count{student="${student}"} 1\n`);
    writeTinyStudent(server.folder("large"), { name: "large", score: 0.8, latencyMs: [5, 5, 5] });
    await server.app.registry.scan();
    const said: number[][] = [];
    for (const name of ["large", "small", "middle"]) said.push(probabilities(await sentiment(name)).map(Math.log));
    const sums = labels.map((_, i) => must(said[0]?.[i]) * 0.5 + must(said[1]?.[i]) * 0.25 + must(said[2]?.[i]));
    expect(probabilities(joint)).toEqual(Array.from(softmax(sums), (x) => expect.closeTo(x, 4)));
    expect(probabilities(joint)[0]).not.toBeCloseTo(Math.exp(must(said[0]?.[0])), 4);
  });

  test("lists who answers along, with the scores and the latency of all together", async () => {
    writeTinyStudent(server.folder("large"), large());
    await server.app.registry.scan();
    const { students } = Students.parse(await (await fetch(`${server.url}/v1/students`)).json());
    const listed = must(students.find(({ name }) => name === "large"));
    expect(listed.ensemble?.map(({ name }) => name)).toEqual(["small", "middle"]);
    expect(listed.latency.lengths).toEqual([{ tokens: 32, p50Ms: 7, p95Ms: 8 }]);
    expect(listed.scores[0]?.student).toBe(0.9);
  });

  test("decides by the ensemble's thresholds, and by the student's own once a member is replaced", async () => {
    const labelOf = async () => (await ask("/v1/filter", { inputs: "good", student: "large" })).results[0]?.label;
    const alone = await labelOf();
    const threshold = alone === "toxic" ? 1 : 0;
    // The languages' own thresholds go before that of all.
    const languageThresholds = Object.fromEntries(
      ["de", "en", "es", "fr", "ja", "pt", "zh"].map((code) => [code, threshold]),
    );
    const student = large();
    const entry = { task: "filter", weights: [1, 0, 0], threshold: 1 - threshold, languageThresholds };
    const ensemble = must(student.ensemble);
    writeTinyStudent(server.folder("large"), {
      ...student,
      ensemble: { ...ensemble, tasks: [...ensemble.tasks, entry] },
    });
    await server.app.registry.scan();
    expect(await labelOf()).toBe(alone === "toxic" ? "acceptable" : "toxic");
    writeTinyStudent(server.folder("middle"), { ...middle, seed: 9 });
    await server.app.registry.scan();
    await eventually(async () => expect(await labelOf()).toBe(alone));
  });

  test("ranks, prices and lists a student by itself once a member is gone, and together again when it is back", async () => {
    const listed = async () => {
      await server.app.registry.scan();
      const { students } = Students.parse(await (await fetch(`${server.url}/v1/students`)).json());
      const { ensemble, latency, scores } = must(students.find(({ name }) => name === "large"));
      const known = must(server.app.registry.students().find(({ manifest }) => manifest.name === "large"));
      const { accuracy } = must(known.tasks.get("sentiment"));
      return [ensemble?.length, must(latency.lengths[0]).p50Ms, scores[0]?.student, accuracy];
    };
    writeTinyStudent(server.folder("large"), large());
    writeTinyStudent(server.folder("middle"), { ...middle, seed: 9 });
    expect(await listed()).toEqual([undefined, 5, 0.8, 0.8]);
    writeTinyStudent(server.folder("middle"), middle);
    expect(await listed()).toEqual([2, 7, 0.9, 0.9]);
  });
});
