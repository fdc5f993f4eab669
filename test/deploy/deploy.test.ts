import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { metricNames } from "../../src/contract/metrics.ts";

const prometheus = "deploy/prometheus";
const rules = readFileSync(join(prometheus, "kdnas-rules.yml"), "utf8");
const dashboardText = readFileSync("deploy/grafana/kdnas.json", "utf8");

/** What is needed of Grafana's schema (version 39) for every panel to be drawn. */
const Target = z.looseObject({
  refId: z.string(),
  expr: z.string().min(1),
  datasource: z.object({ uid: z.string().regex(/^\$\{datasource\}$/) }),
});
const Panel = z.looseObject({
  id: z.int().positive(),
  type: z.enum(["row", "timeseries", "stat", "table"]),
  title: z.string().min(1),
  gridPos: z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) }),
  targets: z.array(Target).min(1).optional(),
});
const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.int().min(36),
  panels: z.array(Panel).min(1),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  time: z.object({ from: z.string(), to: z.string() }),
});
const dashboard = Dashboard.parse(JSON.parse(dashboardText));
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

function hasTool(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Series of a histogram have these endings. */
function metricsIn(text: string): string[] {
  const names = text.match(/\bkdnas_[a-z0-9_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, "")))];
}

describe("the metrics that are asked for", () => {
  const known: readonly string[] = Object.values(metricNames);

  test.each([
    ["the alert rules", rules],
    ["the dashboard", dashboardText],
  ])("of %s are all in the contract", (_, text) => {
    expect(metricsIn(text).length).toBeGreaterThan(5);
    expect(metricsIn(text).filter((name) => !known.includes(name))).toEqual([]);
  });

  test("of the tests of the rules are all in the contract", () => {
    for (const file of readdirSync(prometheus).filter((name) => name.endsWith(".test.yml")))
      expect(metricsIn(readFileSync(join(prometheus, file), "utf8")).filter((name) => !known.includes(name))).toEqual(
        [],
      );
  });
});

describe("each alert", () => {
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name as string);
  const headings = [...readFileSync("docs/operations.md", "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title]) => title);

  test.each(alerts)("%s links to its section of docs/operations.md and is tested", (name) => {
    expect(rules).toContain(`runbook_url: docs/operations.md#${name.toLowerCase()}\n`);
    expect(headings).toContain(name);
    const tests = readdirSync(prometheus).filter((file) => file.endsWith(".test.yml"));
    const firing = tests.some((file) =>
      readFileSync(join(prometheus, file), "utf8").includes(`#${name.toLowerCase()}\n`),
    );
    expect(firing).toBe(true);
  });
});

describe("the dashboard", () => {
  test("has panels with ids of their own that do not lie on each other", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
    }
  });

  test("uses no variable that it does not have", () => {
    const own = dashboard.templating.list.map(({ name }) => name);
    const used = new Set([...dashboardText.matchAll(/\$\{?([a-z][a-z_]*)/gi)].map(([, name]) => name as string));
    expect([...used].filter((name) => !name.startsWith("__") && !own.includes(name))).toEqual([]);
  });
});

const promtool = hasTool("promtool");
const needsPromtool = promtool ? "" : " (skipped: promtool is not on PATH; Debian: apt-get install prometheus)";

describe.skipIf(!promtool)(`promtool${needsPromtool}`, () => {
  const run = (...args: string[]) => execFileSync("promtool", args, { cwd: prometheus, encoding: "utf8" });

  test("check rules and check config accept the files", () => {
    expect(run("check", "rules", "kdnas-rules.yml")).toContain("SUCCESS");
    expect(run("check", "config", "prometheus.yml")).toContain("SUCCESS");
  });

  test("test rules raises each alert when it should and not before", { timeout: 300_000 }, () => {
    for (const file of readdirSync(prometheus).filter((name) => name.endsWith(".test.yml")))
      expect(run("test", "rules", file)).toContain("SUCCESS");
  });

  test("check rules accepts every query of the dashboard", () => {
    const known = queries.map((query) => query.replaceAll("$__rate_interval", "1m"));
    const record = known.map((expr, i) => ({ record: `query_${i}`, expr }));
    const folder = mkdtempSync(join(tmpdir(), "kdnas-deploy-"));
    const file = join(folder, "queries.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: record }] }));
    const output = run("check", "rules", file);
    rmSync(folder, { recursive: true });
    expect(output).toContain("SUCCESS");
  });
});
