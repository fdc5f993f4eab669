import { afterEach, describe, expect, test } from "vitest";
import { meanTokens, readObserved } from "../../../../search/reward/production/observed.ts";
import { readTraffic, toSelector, toTraffic } from "../../../../search/reward/production/read-traffic.ts";
import { addUp } from "../../../../search/reward/production/traffic.ts";
import { ConfigError, UpstreamError } from "../../../../src/errors.ts";
import { machine } from "../../../../src/onnx/machine.ts";
import { listen, type Page } from "../../../fixtures/listen.ts";
import { freshMetrics, listenMetrics, serveTexts } from "../../metrics-server.ts";
import { listenRecorded } from "./recorded.ts";
import { fast, slow } from "./served-world.ts";

const servers: Page[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(server: Promise<Page>): Promise<string> {
  servers.push(await server);
  return (await server).url;
}

/** A server that answered so many texts of 20 tokens by `slow`. */
function served(texts: number) {
  const metrics = freshMetrics([fast, slow]);
  serveTexts(metrics, "slow", "sentiment", new Array(texts).fill(20), () => 2);
  return metrics;
}

describe("readTraffic() from a server", () => {
  test("reads all that it counted since its start, with its machine and its students", async () => {
    const traffic = await readTraffic([await start(listenMetrics(served(60)))]);
    expect(traffic).toMatchObject({ servers: 1, restarts: 0, machines: [machine()] });
    expect(traffic.students.map(({ student }) => student)).toEqual(["fast", "slow"]);
    expect(traffic.seconds).toBeGreaterThan(0);
    expect(readObserved(addUp(traffic.parts)).students[0]).toMatchObject({ name: "slow", texts: 60 });
  });

  test("says how often a student's version changed whose counts went on over it, and nothing of new scores for the same", async () => {
    const metrics = served(60);
    const changesAfter = async (next: typeof slow) => {
      metrics.studentRemoved(slow);
      metrics.studentLoaded(next);
      const { students } = toTraffic(await metrics.text());
      return Object.fromEntries(students.map(({ student, changes }) => [student, changes]));
    };
    // As `npm run evaluate -- --write` leaves it.
    expect(await changesAfter({ ...slow, scores: [] })).toEqual({ fast: undefined, slow: undefined });
    expect(await changesAfter({ ...slow, version: "abcabcabcabc" })).toEqual({ fast: undefined, slow: "1" });
  });

  test("adds several servers up", async () => {
    const urls = [await start(listenMetrics(served(30))), await start(listenMetrics(served(40)))];
    const traffic = await readTraffic(urls);
    expect(traffic.servers).toBe(2);
    expect(readObserved(addUp(traffic.parts)).students[0]).toMatchObject({ name: "slow", texts: 70 });
  });

  test("finds /metrics of a server whose address alone is given", async () => {
    const text = await served(60).text();
    const root = await start(
      listen((request, response) => {
        if (request.url !== "/metrics") response.statusCode = 404;
        response.end(request.url === "/metrics" ? text : "{}");
      }),
    );
    expect((await readTraffic([root])).servers).toBe(1);
  });

  test("says that it got a page, a refusal, or another program's metrics", async () => {
    const page = listen((_, response) => void response.setHeader("content-type", "text/html").end("hello"), "/metrics");
    await expect(readTraffic([await start(page)])).rejects.toThrow("answers an HTML page, not metrics");
    const locked = listen((_, response) => void response.writeHead(401).end(), "/metrics");
    await expect(readTraffic([await start(locked)])).rejects.toThrow("answers 401 Unauthorized");
    expect(() => toTraffic("process_cpu_seconds_total 3\n")).toThrow("no kdnas_ series");
  });

  test("refuses samples that are too old, where they carry a time", async () => {
    const text = await served(60).text();
    const stamp = (ageMs: number) => text.replace(/^(kdnas_.*)$/gm, `$1 ${Date.now() - ageMs}`);
    expect(() => toTraffic(stamp(3_600_000))).toThrow("stale metrics: the newest sample is 3600 s old");
    expect(toTraffic(stamp(1000)).servers).toBe(1);
  });
});

describe("readTraffic() from a Prometheus", () => {
  const window = { windowSeconds: 660 };

  test("adds up what two servers counted, across a restart of both", async () => {
    const traffic = await readTraffic([await start(listenRecorded(5))], window);
    expect(traffic).toMatchObject({ servers: 2, restarts: 2, seconds: 660 });
    expect(traffic.machines).toContainEqual(expect.objectContaining({ runtime: "onnxruntime-node 1.30.0" }));
    expect(new Set(traffic.students.map(({ student }) => student))).toEqual(new Set(["budget-0.1ms", "budget-1.2ms"]));
    const { students, shape } = readObserved(addUp(traffic.parts));
    // What the four counters hold at the end of the window, since none counted between its begin and the restart.
    expect(students.map(({ name, texts }) => [name, texts])).toEqual(recordedTexts);
    expect(meanTokens(shape)).toBeGreaterThan(50);
    expect(traffic.parts.map((part) => countTexts(part)).filter((texts) => texts > 0).length).toBeGreaterThan(3);
  });

  test("refuses answers that end too long ago, and ones without any series of ours", async () => {
    const old = await start(listenRecorded(3000));
    await expect(readTraffic([old], window)).rejects.toThrow(/stale metrics: the newest sample is 30\d\d s old/);
    const empty = (text: string) => text.replace(/"result":\[.*?\]\}\}/gs, '"result":[]}}');
    const none = await start(listenRecorded(5, empty));
    await expect(readTraffic([none], { ...window, selector: 'job="x"' })).rejects.toThrow(
      'knows no kdnas_ series of the last 660 s for {job="x"}',
    );
  });

  test("refuses counters that fall though no process was started anew", async () => {
    const same = (text: string) => text.replaceAll(/"(17955\d{5})"/g, '"1795543695"');
    const url = await start(listenRecorded(5, same));
    await expect(readTraffic([url], window)).rejects.toThrow("counters fall though it was not started anew");
  });

  test("repeats what a Prometheus says is wrong, and names one that answers something else", async () => {
    const answer = (status: number, body: string) =>
      start(
        listen((request, response) => {
          const isProbe = request.url?.startsWith("/api/v1/query?") ?? false;
          response.writeHead(isProbe ? 200 : status).end(isProbe ? '{"status":"success","data":{}}' : body);
        }),
      );
    const refusal = '{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution"}';
    await expect(readTraffic([await answer(400, refusal)])).rejects.toThrow(
      "refuses the query: exceeded maximum resolution",
    );
    await expect(readTraffic([await answer(502, "bad gateway")])).rejects.toThrow("answers 502");
    const odd = '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}';
    await expect(readTraffic([await answer(200, odd)])).rejects.toThrow(UpstreamError);
    await expect(readTraffic([await answer(200, odd)])).rejects.toThrow("answers no series");
    await expect(readTraffic([await answer(200, "<html>")])).rejects.toThrow("answers no series");
  });

  test("says that a Prometheus lets nobody in", async () => {
    const locked = start(listen((_, response) => void response.writeHead(403).end()));
    await expect(readTraffic([await locked])).rejects.toThrow("answers 403 Forbidden");
  });
});

const recordedTexts = [
  ["budget-0.1ms", 6745 + 6840],
  ["budget-1.2ms", 6911 + 6859],
];

function countTexts(part: Parameters<typeof addUp>[0][number]): number {
  return part.filter(({ name }) => name === "kdnas_student_tokens_count").reduce((sum, { value }) => sum + value, 0);
}

describe("toSelector()", () => {
  test("takes label matchers, in braces or not", () => {
    expect(toSelector("")).toBe("");
    expect(toSelector('{job="kdnas", env=~"prod.*",}')).toBe('job="kdnas", env=~"prod.*"');
  });

  test.each(["job=kdnas", 'job="a"} or up{x="y"', "job", 'job="a" env="b"'])("refuses %s", (text) => {
    expect(() => toSelector(text)).toThrow(ConfigError);
  });
});
