import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../serve/config.ts";
import { createLog } from "../../serve/log.ts";
import { type RunningServer, startServer } from "../../serve/server.ts";
import { adequacyCases, attributeCases, filterCases, languageCases, sentimentCases } from "./smoke-table.ts";

/** What the students in `models/` make of plain sentences, asked as a client asks. */
let server: RunningServer;
beforeAll(async () => {
  const config = { ...readConfig([], {}), port: 0, workers: 1 };
  server = await startServer(config, createLog(process.stderr, "error"));
  await server.loaded;
});
afterAll(() => server.drain(0));

interface Case {
  readonly language: string;
  readonly input: unknown;
  readonly label: string;
}

const tables: Readonly<Record<string, readonly Case[]>> = {
  sentiment: sentimentCases,
  filter: filterCases,
  "translation/language": languageCases,
  "translation/adequacy": adequacyCases.map(({ languages, ...rest }) => ({ language: languages, ...rest })),
};

/**
 * Inputs of each table, of 20 (languages: 10), that a student must get right: one less than it got, of languages all. In adequacy the
 * static one is within .04 of its threshold twice, and int8 sums differ a little between processors: there it is two less. What a
 * student misses is in the failure's message.
 */
const leastRight: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "budget-0.1ms": { sentiment: 16, filter: 19, "translation/language": 10, "translation/adequacy": 17 },
  "budget-0.3ms": { sentiment: 18, filter: 19, "translation/language": 10, "translation/adequacy": 18 },
  "budget-1ms": { sentiment: 19, filter: 19, "translation/language": 10, "translation/adequacy": 18 },
  "budget-3ms": { sentiment: 18, filter: 19, "translation/language": 10, "translation/adequacy": 19 },
};

test("models/ holds the students that this table expects", () => {
  const names = server.app.registry.students().map(({ manifest }) => manifest.name);
  expect(names).toEqual(Object.keys(leastRight));
});

describe.each(Object.entries(leastRight))("%s", (student, least) => {
  test.each(Object.entries(tables))("/v1/%s answers plain sentences in ten languages", async (route, cases) => {
    const answers = await ask(route, student, cases);
    const misses = cases.flatMap(({ language, input, label }, i) =>
      answers[i] === label ? [] : [`${language} ${JSON.stringify(input)}: ${label}, not ${answers[i]}`],
    );
    expect(cases.length - misses.length, misses.join("\n")).toBeGreaterThanOrEqual(least[route] as number);
  });
});

/** The label for each case. */
async function ask(route: string, student: string, cases: readonly Case[]): Promise<string[]> {
  const body = JSON.stringify({ inputs: cases.map(({ input }) => input), student });
  const reply = await fetch(`${server.url}/v1/${route}`, { method: "POST", body });
  expect(reply.status, await reply.clone().text()).toBe(200);
  const { results } = (await reply.json()) as { results: { label: string }[] };
  return results.map(({ label }) => label);
}

/** Of the 33 comments about attributes: at most one less than each student got. */
const leastAttributes: Readonly<Record<string, number>> = {
  "budget-0.1ms": 31,
  "budget-0.3ms": 31,
  "budget-1ms": 29,
  "budget-3ms": 30,
};

test.each(Object.entries(leastAttributes))("%s tells attributes of plain comments", async (student, least) => {
  const misses: string[] = [];
  for (const { language, task, input, label } of attributeCases) {
    const [answer] = await ask(`tasks/${task}`, student, [{ language, input, label }]);
    if (answer !== label) misses.push(`${language} ${JSON.stringify(input)}: ${task} is ${answer}`);
  }
  expect(attributeCases.length - misses.length, misses.join("\n")).toBeGreaterThanOrEqual(least);
});

/** What README shows: a command, and the reply to it. */
const example = /```sh\ncurl http:\/\/127\.0\.0\.1:8080(\S+)\s+(?:\\\s+)?-d '([^']+)'\n```\n\n```json\n(.+)\n```/g;
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const shown = [...readme.matchAll(example)].map(([, route = "", body = "", reply = ""]) => ({ route, body, reply }));
const shownRoutes = ["sentiment", "filter", "translation/language", "translation/adequacy", "classify"];

test("README shows a reply of each kind", () => {
  expect(shown.map(({ route }) => route)).toEqual(shownRoutes.map((route) => `/v1/${route}`));
});

test.each(shown)("README shows what $route answers", async ({ route, body, reply }) => {
  // As curl calls what it sends.
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${server.url}${route}`, { method: "POST", body, headers });
  expect(answer.status).toBe(200);
  expect(differences(JSON.parse(reply), await answer.json(), "reply")).toEqual([]);
});

/** Of a score: int8 sums differ a little between processors. */
const mostApart = 0.02;
type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;
const isScore = (value: unknown): value is number | undefined => value === undefined || typeof value === "number";

/** Where they differ. A score that is not there counts as 0: which language is the last of five may hang on a millionth. */
function differences(wanted: unknown, found: unknown, at: string): string[] {
  if (isTree(wanted) && isTree(found)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    return [...keys].flatMap((key) => differences(wanted[key], found[key], `${at}.${key}`));
  }
  const areScores = isScore(wanted) && isScore(found);
  const isSame = areScores ? Math.abs((wanted ?? 0) - (found ?? 0)) <= mostApart : wanted === found;
  return isSame ? [] : [`${at} is ${JSON.stringify(found)}, and README shows ${JSON.stringify(wanted)}`];
}
