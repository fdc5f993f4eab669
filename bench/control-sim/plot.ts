import { element, textElement } from "../../search/report/markup.ts";
import { linearScale, type Scale } from "../../search/report/scale.ts";
import type { Scenario } from "./scenarios.ts";
import type { Course, SimulationOptions } from "./simulate.ts";

/** A panel a scenario: right answers in time over the days, a line a policy, a mark where another student became live. */
const panel = { width: 430, height: 190, left: 46, right: 12, top: 34, bottom: 30 };
const columns = 2;
/** Okabe and Ito's colours, which the colour-blind tell apart. */
const looks: Readonly<Record<string, { readonly colour: string; readonly dash: string }>> = {
  frozen: { colour: "#e69f00", dash: "6 3" },
  hasty: { colour: "#cc79a7", dash: "2 2" },
  control: { colour: "#0072b2", dash: "" },
};

export function coursePlot(
  scenarios: readonly Scenario[],
  courses: ReadonlyMap<string, ReadonlyMap<string, Course>>,
  { days, seed }: SimulationOptions,
): string {
  const rows = Math.ceil(scenarios.length / columns);
  const [width, height] = [columns * panel.width, rows * panel.height + 60];
  const panels = scenarios.map((scenario, i) => {
    const at = `translate(${(i % columns) * panel.width} ${Math.floor(i / columns) * panel.height + 56})`;
    return element("g", { transform: at }, panelMarkup(scenario, courses.get(scenario.name) ?? new Map(), days));
  });
  const title = `Right answers within their budget, % of requests (simulation of ${days} days, seed ${seed})`;
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    "font-family": "sans-serif",
    "font-size": 12,
    fill: "#222",
    role: "img",
    "aria-label": title,
  };
  const head = textElement("text", { x: 12, y: 22, "font-size": 15, "font-weight": "bold" }, title);
  return element(
    "svg",
    attributes,
    element("rect", { width, height, fill: "#fff" }) + head + legend() + panels.join(""),
  );
}

function legend(): string {
  const names = {
    frozen: "choices frozen",
    hasty: "without hysteresis and rules",
    control: "control (▲ another student live)",
  };
  return Object.entries(names)
    .map(([policy, name], i) => {
      const x = 12 + i * 210;
      return (
        lineMarkup(
          [
            [x, 40],
            [x + 26, 40],
          ],
          policy,
        ) + textElement("text", { x: x + 32, y: 44 }, name)
      );
    })
    .join("");
}

function panelMarkup({ about }: Scenario, byPolicy: ReadonlyMap<string, Course>, days: number): string {
  const lines = [...byPolicy].map(([policy, course]) => ({ policy, points: smooth(course) }));
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const x = linearScale([0, 24 * days], [panel.left, panel.width - panel.right], days);
  const y = linearScale([...values, 50, 68], [panel.height - panel.bottom, panel.top], 4);
  const title = textElement("text", { x: panel.left, y: panel.top - 12, "font-weight": "bold" }, about);
  const drawn = lines.map(({ policy, points }) =>
    lineMarkup(
      points.map(([hour, v]) => [x(hour), y(v)]),
      policy,
    ),
  );
  const control = byPolicy.get("control");
  return title + axesMarkup(y, x, days) + drawn.join("") + (control ? marks(control, x) : "");
}

function axesMarkup(y: Scale, x: Scale, days: number): string {
  const rows = y.ticks.map((tick) => {
    const at = y(tick);
    const rule = element("line", { x1: panel.left, x2: panel.width - panel.right, y1: at, y2: at, stroke: "#ddd" });
    return rule + textElement("text", { x: panel.left - 6, y: at + 4, "text-anchor": "end" }, String(tick));
  });
  const ends = Array.from({ length: days + 1 }, (_, day) =>
    textElement("text", { x: x(24 * day), y: panel.height - 12, "text-anchor": "middle" }, `day ${day}`),
  );
  return rows.join("") + ends.join("");
}

function lineMarkup(points: readonly (readonly [number, number])[], policy: string): string {
  const { colour = "#222", dash = "" } = looks[policy] ?? {};
  const places = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const attributes = { points: places, fill: "none", stroke: colour, "stroke-width": policy === "control" ? 2.2 : 1.6 };
  return element("polyline", dash === "" ? attributes : { ...attributes, "stroke-dasharray": dash });
}

/** Where the live student changes. */
function marks({ windows }: Course, x: Scale): string {
  const changes = windows.filter(({ live }, i) => i > 0 && windows[i - 1]?.live !== live);
  return changes
    .map(({ hour }) => {
      const at = x(hour);
      const base = panel.height - panel.bottom;
      return element("path", { d: `M${at.toFixed(1)} ${base - 9}l4 8h-8z`, fill: looks.control?.colour ?? "#222" });
    })
    .join("");
}

/** Means of three hours, in %. */
function smooth({ windows }: Course): [number, number][] {
  const span = 12;
  const out: [number, number][] = [];
  for (let i = 0; i + span <= windows.length; i += span) {
    const part = windows.slice(i, i + span);
    const total = (of: (window: (typeof part)[number]) => number) => part.reduce((sum, window) => sum + of(window), 0);
    out.push([part[span >> 1]?.hour ?? 0, (100 * total(({ right }) => right)) / total(({ asked }) => asked)]);
  }
  return out;
}
