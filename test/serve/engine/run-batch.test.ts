import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../../serve/engine/engine.ts";
import { planPasses } from "../../../serve/engine/run-passes.ts";
import { readStudent } from "../../../serve/students/read-student.ts";
import { BadFileError, ModelFailedError } from "../../../src/errors.ts";
import { must } from "../../../src/invariant.ts";
import { argmax } from "../../../src/stats.ts";
import { addedTask, declaredTask, writeTinyStudent } from "../../fixtures/tiny-student.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const root = mkdtempSync(join(tmpdir(), "kdnas-engine-"));
const folder = join(root, "tiny");
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("planPasses", () => {
  const lengths = (...values: number[]) => values.map((length) => ({ length }));

  test("planPasses() sorts by length and keeps a pass within the budget", () => {
    expect(planPasses(lengths(10, 10, 10, 10), 20, 0.75)).toHaveLength(2);
    expect(planPasses(lengths(5, 40, 6, 38), 1000, 0.75)).toEqual([
      [2, 0],
      [1, 3],
    ]);
  });

  test("planPasses() that fears no padding makes one pass of what the budget holds", () => {
    expect(planPasses(lengths(5, 40, 6, 38), 160, 0)).toEqual([[1, 3, 2, 0]]);
  });

  test("planPasses() leaves a sequence above the budget alone, and loses none", () => {
    const passes = planPasses(lengths(100, 3, 90, 4, 8), 50, 0);
    expect(passes.flat().sort()).toEqual([0, 1, 2, 3, 4]);
    for (const pass of passes) expect(pass.length === 1 || pass.length * 8 <= 50).toBe(true);
  });
});

describe("run", () => {
  const engine: Engine = createEngine();
  const texts = ["the phone is good", "no", "I love this movie and the food was great, the service was very nice", "a"];
  const batch = (of: readonly string[]) => ({ studentId: "s", texts: of, tokenBudget: 64 });

  beforeAll(async () => {
    const manifest = writeTinyStudent(folder, { name: "tiny", layers: 0 });
    await engine.load(await readStudent({ id: "s", folder, manifest, maxTokens: 16 }, new SharedArrayBuffer(1 << 20)));
  });

  test("run() reads what lies behind any number of blanks, and takes no text for cut that blanks follow", async () => {
    const blanks = " ".repeat(20_000);
    const ask = (text: string) => engine.run({ ...batch([text]), input: "text", tasks: ["sentiment"] });
    const [bare, behind, before] = [await ask("good"), await ask(`${blanks}good`), await ask(`good${blanks}`)];
    expect(behind.logits.sentiment).toEqual(bare.logits.sentiment);
    expect(before.logits.sentiment).toEqual(bare.logits.sentiment);
    expect([behind, before].map(({ truncated }) => truncated)).toEqual([bare.truncated, bare.truncated]);
  });

  test("run() gives each text the logits that it has alone, in the order of the texts", async () => {
    const together = await engine.run({ ...batch(texts), input: "text", tasks: ["sentiment", "filter"] });
    for (const [i, text] of texts.entries()) {
      const alone = await engine.run({ ...batch([text]), input: "text", tasks: ["sentiment"] });
      const row = together.logits.sentiment?.subarray(3 * i, 3 * i + 3);
      expect(Array.from(row ?? [])).toEqual(Array.from(alone.logits.sentiment ?? [], (x) => expect.closeTo(x, 5)));
    }
    expect(together.logits.filter).toHaveLength(2 * texts.length);
    expect(together.passes.reduce((rows, pass) => rows + pass.rows, 0)).toBe(texts.length);
  });

  test("an engine keeps nothing of a batch that it has answered", async () => {
    const ask = () => engine.run({ ...batch(texts), input: "text", tasks: ["sentiment"] });
    const first = new WeakRef(await ask());
    for (let i = 0; i < 3; i++) await ask();
    collectGarbage();
    expect(first.deref()).toBeUndefined();
  });

  test("load() waits for the batch that is being answered: between two passes its time would be theirs", async () => {
    const at = join(root, "beside");
    const manifest = writeTinyStudent(at, { name: "beside", layers: 0 });
    const memory = new SharedArrayBuffer(1 << 20);
    const shared = await readStudent({ id: at, folder: at, manifest, maxTokens: 16 }, memory);
    const done: string[] = [];
    // Each text is a pass of its own: many times as many steps as a loading has.
    const many = { ...batch(Array<string>(500).fill("good")), tokenBudget: 1 };
    await Promise.all([
      engine.run({ ...many, input: "text", tasks: ["sentiment"] }).then(() => done.push("run")),
      engine.load(shared).then(() => done.push("load")),
    ]);
    expect(done).toEqual(["run", "load"]);
  });

  test("run() answers pairs by their surface, and by their vectors alone where the head was made before there was one", async () => {
    const said = (["weighed", "ignored", "unknown"] as const).map(async (surface) => {
      const at = join(root, surface);
      const manifest = writeTinyStudent(at, { name: surface, surface });
      await engine.load(
        await readStudent({ id: at, folder: at, manifest, maxTokens: 16 }, new SharedArrayBuffer(1 << 20)),
      );
      const { logits } = await engine.run({ ...batch(texts), studentId: at, input: "pair", tasks: ["adequacy"] });
      return Array.from(must(logits.adequacy));
    });
    const [weighed, ignored, unknown] = await Promise.all(said);
    expect(unknown).toEqual(must(ignored).map((x) => expect.closeTo(x, 5)));
    expect(weighed).not.toEqual(must(ignored).map((x) => expect.closeTo(x, 3)));
  });

  test.each([0, 1])(
    "run() answers tasks in heads.onnx as if their heads were the encoder's (%i layers)",
    async (layers) => {
      const kinds = ["ham", "spam"];
      const students = {
        own: { declared: [declaredTask("spam", "text", kinds), declaredTask("topic", "text", ["a", "b", "c"])] },
        added: { declared: [addedTask("spam", kinds), addedTask("topic", ["a", "b", "c"])] },
      };
      const said = Object.entries(students).map(async ([name, options]) => {
        const at = join(root, `${name}${layers}`);
        const manifest = writeTinyStudent(at, { name, layers, ...options });
        const memory = new SharedArrayBuffer(1 << 20);
        await engine.load(await readStudent({ id: at, folder: at, manifest, maxTokens: 16 }, memory));
        const asked = {
          texts,
          tokenBudget: 64,
          studentId: at,
          input: "text",
          tasks: ["topic", "filter", "spam"],
        } as const;
        return (await engine.run(asked)).logits;
      });
      const [own, added] = await Promise.all(said);
      for (const task of ["topic", "filter", "spam"]) {
        // The encoder's take a byte a number.
        const expected = Array.from(must(own?.[task]), (x) => expect.closeTo(x, 1));
        expect(Array.from(must(added?.[task]))).toEqual(expected);
      }
    },
  );

  test("run() answers pairs by their two halves", async () => {
    const both = await engine.run({ ...batch(texts), input: "pair", tasks: ["adequacy"] });
    const second = await engine.run({ ...batch(texts.slice(2)), input: "pair", tasks: ["adequacy"] });
    expect(both.logits.adequacy).toHaveLength(4);
    expect(both.logits.adequacy?.[2]).toBeCloseTo(second.logits.adequacy?.[0] as number, 5);
  });

  test("run() says which texts it cut, also when one is endless", async () => {
    const long = await engine.run({
      ...batch([texts[2] as string, "a", "b".repeat(1_000_000)]),
      input: "text",
      tasks: ["filter"],
    });
    expect(Array.from(long.truncated)).toEqual([1, 0, 1]);
    expect(Array.from(long.tokens)).toEqual([16, 3, 16]);
  });

  test("run() counts the unknown pieces of each text, and says nothing where there are none", async () => {
    const some = await engine.run({ ...batch(["good", "ຂ good ຂ"]), input: "text", tasks: ["filter"] });
    expect(Array.from(some.unknown ?? [])).toEqual([0, 2]);
    expect(await engine.run({ ...batch(["good"]), input: "text", tasks: ["filter"] })).not.toHaveProperty("unknown");
  });

  test.each([0, 1])(
    "run() of a student with %i layers tells the languages where they are asked for",
    async (layers) => {
      const other = join(root, `layers-${layers}`);
      const manifest = writeTinyStudent(other, { name: "other", layers });
      const shared = await readStudent(
        { id: "o", folder: other, manifest, maxTokens: 16 },
        new SharedArrayBuffer(1 << 20),
      );
      await engine.load(shared);
      const asked = { ...batch(texts), studentId: "o", asksLanguages: true } as const;
      const own = await engine.run({ ...batch(texts), studentId: "o", input: "text", tasks: ["language"] });
      const logits = must(own.logits.language);
      const labels = texts.map((_, i) =>
        argmax(logits.subarray((i * logits.length) / 4, ((i + 1) * logits.length) / 4)),
      );
      const beside = await engine.run({ ...asked, input: "text", tasks: ["sentiment"] });
      expect(Array.from(must(beside.languages))).toEqual(labels);
      expect(Object.keys(beside.logits)).toEqual(["sentiment"]);
      // Of pairs each text.
      expect((await engine.run({ ...asked, input: "pair", tasks: ["adequacy"] })).languages).toHaveLength(4);
      await engine.unload("o");
    },
  );

  test.each([0, 1])(
    "run() tells the languages of texts and of pairs also where their head was added (%i layers)",
    async (layers) => {
      const at = join(root, `added-language-${layers}`);
      const declared = [addedTask("language", ["de", "en", "es"])];
      const manifest = writeTinyStudent(at, { name: "added", layers, tasks: ["sentiment", "adequacy"], declared });
      const memory = new SharedArrayBuffer(1 << 20);
      await engine.load(await readStudent({ id: at, folder: at, manifest, maxTokens: 16 }, memory));
      const asked = { ...batch(texts), studentId: at } as const;
      const logits = must((await engine.run({ ...asked, input: "text", tasks: ["language"] })).logits.language);
      const labels = texts.map((_, i) => argmax(logits.subarray(3 * i, 3 * i + 3)));
      const kinds = [
        { input: "text", tasks: ["sentiment"] },
        { input: "pair", tasks: ["adequacy"] },
      ] as const;
      for (const kind of kinds) {
        const beside = await engine.run({ ...asked, ...kind, asksLanguages: true });
        expect(Array.from(must(beside.languages))).toEqual(labels);
        expect(Object.keys(beside.logits)).toEqual(kind.tasks);
      }
    },
  );

  test("run() takes any string", async () => {
    const odd = ["", " ", "\0", "\ud800", "👩‍👩‍👧", "\u202e\u200b", "\n\t"];
    const output = await engine.run({ ...batch(odd), input: "text", tasks: ["sentiment"] });
    expect(output.logits.sentiment?.every(Number.isFinite)).toBe(true);
  });

  test("run() of a student that is not loaded fails", async () => {
    const run = engine.run({ ...batch(["a"]), studentId: "other", input: "text", tasks: ["filter"] });
    await expect(run).rejects.toThrow(ModelFailedError);
  });
});

describe("load", () => {
  const load = async (manifest: ReturnType<typeof writeTinyStudent>) =>
    createEngine().load(
      await readStudent({ id: "x", folder, manifest, maxTokens: 16 }, new SharedArrayBuffer(1 << 20)),
    );

  test("load() refuses a file that was cut, changed or removed, and names it", async () => {
    const manifest = writeTinyStudent(folder, { name: "tiny" });
    truncateSync(join(folder, "model.onnx"), 100);
    await expect(load(manifest)).rejects.toThrow(/model\.onnx: 100 bytes, the manifest says/);
    writeFileSync(join(folder, "model.onnx"), Buffer.alloc(manifest.files["model.onnx"]?.bytes ?? 0));
    await expect(load(manifest)).rejects.toThrow(/model\.onnx: its sha256 is not the manifest's/);
    rmSync(join(folder, "tokenizer.json"));
    await expect(load(manifest)).rejects.toThrow(BadFileError);
  });

  test("load() refuses a head with another number of labels than the manifest says", async () => {
    const manifest = writeTinyStudent(folder, { name: "tiny" });
    const tasks = manifest.tasks.map((task) => ({ ...task, labels: [...task.labels, "more"] }));
    await expect(load({ ...manifest, tasks })).rejects.toThrow(/2 logits for the 3 labels of filter/);
  });
});
