import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isInShare } from "../../search/corpus/split.ts";
import { heldOutShare } from "../../search/corrections/corrections.ts";
import { correctedPrefix, readDecision } from "../../search/corrections/decision.ts";
import type { Measured } from "../../search/evaluate/measured.ts";
import { tunedTasks } from "../../search/teacher/fine-tune.ts";
import { type Manifest, readManifest } from "../../src/contract/manifest.ts";
import { must } from "../../src/invariant.ts";
import { eventually, startTestServer, type TestServer } from "../fixtures/test-server.ts";
import { writeTinyTeacher } from "../fixtures/tiny-teacher.ts";
import { type Running, runToEnd, start, untilWritten } from "./command-line.ts";

/** The example that `docs/your-own-task.md` walks through, with a teacher that takes seconds instead of minutes. */
const example = fileURLToPath(new URL("../../examples/tickets", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "kdnas-own-task-"));
const [models, runs, teacher] = [join(root, "models"), join(root, "runs"), join(root, "teacher")];
const labels = ["billing", "cancellation", "delivery", "login", "product-question", "return", "technical-fault"];

let server: TestServer;
beforeAll(async () => {
  writeTinyTeacher(teacher, { kind: "xlm-roberta", layers: 2, hidden: 64, heads: 2, ffn: 128, positions: 256 });
  server = await startTestServer([]);
});
afterAll(async () => {
  await server.end();
  rmSync(root, { recursive: true, force: true });
});

function search(...args: string[]): Running {
  const folders = ["--teacher", teacher, "--runs", runs, "--models", models];
  return start("search/main.ts", ["--preset", "smoke", "--threads", "1", "--budgets", "5", ...folders, ...args]);
}

test("npm run search makes a student of a task that the data declare, and the server serves it by its name", async () => {
  const found = search("--data", example);
  expect(await found.ended, found.stderr()).toBe(0);
  const manifest = readManifest(join(models, "tickets-5ms", "manifest.json"));
  expect(manifest.tasks).toMatchObject([{ name: "tickets", input: "text", labels, declared: { metric: "accuracy" } }]);
  expect(new Set(manifest.scores.map(({ task, dataSet }) => `${task} ${dataSet}`))).toEqual(
    new Set(["tickets example_tickets"]),
  );
  expect(readdirSync(models)).toEqual(["tickets-5ms"]);

  // Of a server without students nobody knows what is on its way.
  expect((await server.post("/v1/tasks/tickets", { inputs: "Where is my parcel?" })).status).toBe(503);
  cpSync(join(models, "tickets-5ms"), server.folder("tickets-5ms"), { recursive: true });
  await eventually(async () => expect(await labelsOf("/v1/tasks/tickets")).toHaveLength(2));
  const classified = (await (await server.post("/v1/classify", { inputs: "Where is my parcel?" })).json()) as {
    results: Record<string, unknown>[];
  };
  expect(Object.keys(classified.results[0] ?? {})).toEqual(["tickets"]);
  await expectDescribed(manifest);

  rmSync(server.folder("tickets-5ms"), { recursive: true });
  await eventually(async () => {
    expect((await server.post("/v1/tasks/tickets", { inputs: "Where is my parcel?" })).status).not.toBe(200);
  });
}, 240_000);

const reportPath = join(runs, "smoke-seed1", "report.html");
const report = () => runToEnd("search/report-main.ts", ["--id", "smoke-seed1", "--runs", runs, "--models", models]);

test("npm run report makes the report of that search again", async () => {
  const before = readFileSync(reportPath, "utf8");
  expect(before).toContain("The teacher was not scored");
  rmSync(reportPath);
  expect(await report()).toEqual({ code: 0, stdout: `${reportPath}\n`, stderr: "" });
  expect(readFileSync(reportPath, "utf8")).toBe(before);
}, 60_000);

test("npm run evaluate puts the scores of what npm run teacher:finetune made beside those of that student", async () => {
  const args = ["--teacher", teacher, "--runs", runs, "--data", example, "--threads", "1"];
  const tuned = await runToEnd("search/teacher/fine-tune-main.ts", [...args, "--preset", "smoke", "--tokens", "4000"]);
  expect(tuned.code, tuned.stderr).toBe(0);
  expect(tuned.stdout).toMatch(/^tickets: \d+ examples, 7 labels$/m);
  const [, folder = ""] = /^left in (.*): npm run train -- --tuned-teacher takes it$/m.exec(tuned.stdout) ?? [];
  expect(tunedTasks(folder)).toMatchObject([{ name: "tickets", labels }]);

  const json = join(root, "evaluate.json");
  const wanted = ["--models", models, "--rows", "12", "--json", json, "--write"];
  const evaluated = start("search/evaluate/main.ts", [...args, ...wanted]);
  await untilWritten(evaluated, `${join(models, "tickets-5ms")}: 6 scores written\n`);
  // What is left is to time both beside a model of XLM-R Base's size, which takes minutes.
  evaluated.child.kill("SIGKILL");
  await evaluated.ended;
  expect(evaluated.stdout()).toMatch(/^In short, times 100\n +tickets-5ms +teacher\n/m);
  expect(evaluated.stdout()).toMatch(/^tickets +example_tickets +mean of 6 +accuracy +12 +\d+\.\d +\d+\.\d$/m);
  const { measured } = JSON.parse(readFileSync(json, "utf8")) as { measured: Record<string, Measured> };
  expect(Object.keys(measured)).toEqual(["tickets-5ms", "teacher"]);
  const { scores } = readManifest(join(models, "tickets-5ms", "manifest.json"));
  expect(new Set(scores.map(({ rows }) => rows))).toEqual(new Set([2]));
  const valuesOf = (name: string) => measured[name]?.scores.map(({ student }) => student);
  expect(scores.map(({ student }) => student)).toEqual(valuesOf("tickets-5ms"));
  expect(scores.map((score) => score.teacher)).toEqual(valuesOf("teacher"));

  expect(await report()).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(reportPath, "utf8")).toContain("teacher, fine-tuned");
}, 180_000);

test("npm run train takes that student further without the run that made it", async () => {
  rmSync(runs, { recursive: true });
  const folders = ["--teacher", teacher, "--runs", runs, "--models", models];
  const args = ["--preset", "smoke", "--threads", "1", "--data", example, "--tokens", "4000", "--promote", "never"];
  const trained = start("search/train-main.ts", [...args, ...folders]);
  expect(await trained.ended, trained.stderr()).toBe(0);
  const [, folder] = /tickets-5ms · left in (.*): --promote never/.exec(trained.stdout()) ?? [];
  const { tasks, version } = readManifest(join(String(folder), "manifest.json"));
  expect(tasks).toMatchObject([{ name: "tickets", labels }]);
  expect(version).not.toBe(readManifest(join(models, "tickets-5ms", "manifest.json")).version);
}, 120_000);

/** What users sent: a word tells each label. As many as it takes to be judged, and three times as many to learn from. */
function corrections(): object[] {
  const words = ["phone", "battery", "food", "movie", "service", "day", "time"];
  const said = Array.from({ length: 700 }, (_, i) => ({ text: `${words[i % 7]} ${i}`, label: labels[i % 7] }));
  const isHeldOut = ({ text }: { readonly text: string }) => isInShare(text, heldOutShare);
  const chosen = [...said.filter((one) => !isHeldOut(one)).slice(0, 72), ...said.filter(isHeldOut).slice(0, 24)];
  return chosen.map(({ text, label }, i) => {
    const id = String(i).padStart(24, "0");
    return { id, at: "2026-01-31T12:00:00Z", task: "tickets", texts: [text], label, key: null };
  });
}

test("npm run learn teaches that student corrections, says what it makes of them and keeps what it decided", async () => {
  const feedback = join(root, "corrections.jsonl");
  const lines = corrections().map((line) => JSON.stringify(line));
  writeFileSync(feedback, `${lines.join("\n")}\n`);
  const { version } = readManifest(join(models, "tickets-5ms", "manifest.json"));
  const args = ["--feedback", feedback, "--data", example, "--preset", "smoke", "--threads", "1", "--promote", "never"];
  const folders = ["--teacher", teacher, "--runs", runs, "--models", models];
  const learned = await runToEnd("search/learn-main.ts", [...args, ...folders]);
  expect(learned.code, learned.stderr).toBe(0);
  expect(learned.stdout).toContain("tickets-5ms · 96 corrections: 72 to learn from, 24 held out\n");

  const home = join(runs, "served", `tickets-5ms-${version}`);
  const folder = join(home, must(readdirSync(home).find((name) => name.startsWith(correctedPrefix))));
  const decision = must(readDecision(join(folder, "decision.json")));
  expect(decision).toMatchObject({ base: version, trained: 72, heldOut: 24, leftOut: {} });
  // A student of seconds may forget too much by what it learns: then it is refused, for a reason that is said.
  const refusal = must(decision.attempts.at(-1)).refusal;
  const outcome = refusal === null ? "has learned: of the held-out corrections " : `stays as it was: ${refusal}\n`;
  expect(learned.stdout).toContain(`tickets-5ms · ${outcome}`);
  const after = readManifest(join(folder, "student", "manifest.json"));
  expect(after.version).not.toBe(version);
  expect(after.dataSets.map(({ name }) => name)).toContain("feedback");
  expect(readManifest(join(models, "tickets-5ms", "manifest.json")).version).toBe(version);
}, 180_000);

test("npm run add-task teaches that student another task, which the server answers beside the old one", async () => {
  const folder = join(root, "queues");
  cpSync(example, folder, { recursive: true });
  const path = join(folder, "datasets.json");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("tickets", "queues").replace("queues.tsv", "tickets.tsv"));
  const before = readFileSync(join(models, "tickets-5ms", "model.onnx"));
  const add = () =>
    start("search/add-tasks-main.ts", ["--data", folder, "--preset", "smoke", "--runs", runs, "--models", models]);
  const added = add();
  expect(await added.ended, added.stderr()).toBe(0);
  const { tasks } = readManifest(join(models, "tickets-5ms", "manifest.json"));
  expect(tasks.map(({ name, file }) => [name, file])).toEqual([
    ["tickets", "model.onnx"],
    ["queues", "heads.onnx"],
  ]);
  expect(readFileSync(join(models, "tickets-5ms", "model.onnx"))).toEqual(before);
  cpSync(join(models, "tickets-5ms"), server.folder("tickets-5ms"), { recursive: true });
  await eventually(async () => expect(await labelsOf("/v1/tasks/queues")).toHaveLength(2));
  expect(await labelsOf("/v1/tasks/tickets")).toHaveLength(2);
  const again = add();
  expect(await again.ended, again.stderr()).toBe(0);
  expect(again.stdout()).toMatch(/tickets-5ms · has all tasks of these data/);
}, 120_000);

/** Labels that the server gives two texts. */
async function labelsOf(route: string): Promise<string[]> {
  const reply = await server.post(route, { inputs: ["Where is my parcel?", "Ich komme nicht in mein Konto."] });
  expect(reply.status, await reply.clone().text()).toBe(200);
  const { results } = (await reply.json()) as { results: { label: string; scores: Record<string, number> }[] };
  for (const { scores } of results) expect(Object.keys(scores).sort()).toEqual(labels);
  return results.map(({ label }) => label);
}

async function expectDescribed({ name }: Manifest): Promise<void> {
  const { students } = (await (await fetch(`${server.url}/v1/students`)).json()) as { students: unknown[] };
  const task = { name: "tickets", route: "/v1/tasks/tickets", labels, declared: { metric: "accuracy" } };
  expect(students).toMatchObject([{ name, tasks: [task] }]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`^kdnas_texts_total\\{task="tickets",student="${name}"\\} [1-9]`, "m"));
  expect(metrics).toContain(
    'kdnas_http_request_duration_seconds_count{route="/v1/tasks/{task}",method="POST",code="200"}',
  );
}

const wrongs: readonly { readonly what: string; readonly change: (content: Content) => void; readonly line: RegExp }[] =
  [
    {
      what: "a task with the name of a built-in one",
      change: ({ tasks }) => Object.assign(tasks[0] ?? {}, { name: "sentiment" }),
      line: /^error: .*datasets\.json: sentiment is built in and cannot be declared again: /,
    },
    {
      what: "a task with a name that fits no route",
      change: ({ tasks }) => Object.assign(tasks[0] ?? {}, { name: "Support tickets" }),
      line: /^error: .*datasets\.json: /,
    },
    {
      what: "a set for a task that nobody declares",
      change: ({ tasks }) => tasks.splice(0),
      line: /^error: .*example_tickets is for the unknown task tickets \(known: .*; others are declared in "tasks"\)$/,
    },
    {
      what: "a label that the declaration does not list",
      change: ({ tasks }) => Object.assign(tasks[0] ?? {}, { labels: labels.slice(1) }),
      line: /^error: .*tickets\.tsv:2: "billing" is no label of tickets$/,
    },
  ];

interface Content {
  readonly tasks: Record<string, unknown>[];
  readonly dataSets: unknown[];
}

test.each(wrongs)(
  "$what ends the search in one line",
  async ({ what, change, line }) => {
    const folder = join(root, what.replaceAll(" ", "-"));
    cpSync(example, folder, { recursive: true });
    const path = join(folder, "datasets.json");
    const content = JSON.parse(readFileSync(path, "utf8")) as Content;
    change(content);
    writeFileSync(path, JSON.stringify(content));
    const running = search("--data", folder, "--id", "wrong");
    expect(await running.ended).toBe(1);
    expect(running.stderr().split("\n")[0]).toMatch(line);
  },
  60_000,
);

test("--tasks with a task that there are no data for ends the search in one line, naming those there are", async () => {
  const running = search("--data", example, "--tasks", "spam", "--id", "wrong");
  expect(await running.ended).toBe(2);
  expect(running.stderr()).toMatch(
    /^error: no data for the task spam; there are filter, sentiment, language, adequacy, tickets, insult, [a-z, -]+\n$/,
  );
}, 60_000);
