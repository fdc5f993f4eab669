import { element, textElement } from "./markup.ts";
import type { Scale } from "./scale.ts";

/** The parts that every chart is made of, as SVG; colours and type come from the page's style. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const frameOf = (width: number, height: number): Frame => ({
  width,
  height,
  left: 52,
  right: 16,
  top: 22,
  bottom: 42,
});

export interface Axis {
  readonly scale: Scale;
  readonly label: string;
  readonly format: (value: number) => string;
}

/** A chart with a title that screen readers read out. */
export function svg({ width, height }: Pick<Frame, "width" | "height">, title: string, inner: string): string {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, class: "chart" };
  return element("svg", attributes, inner);
}

/** Grid, ticks and labels of both axes. */
export function axes(frame: Frame, x: Axis, y: Axis): string {
  const [bottom, right] = [frame.height - frame.bottom, frame.width - frame.right];
  const columns = x.scale.ticks.map((tick) => {
    const at = x.scale(tick);
    return (
      line(at, frame.top, at, bottom, "grid") +
      textElement("text", { x: at, y: bottom + 16, class: "tick", "text-anchor": "middle" }, x.format(tick))
    );
  });
  const rows = y.scale.ticks.map((tick) => {
    const at = y.scale(tick);
    return (
      line(frame.left, at, right, at, "grid") +
      textElement("text", { x: frame.left - 7, y: at + 4, class: "tick", "text-anchor": "end" }, y.format(tick))
    );
  });
  const names =
    textElement(
      "text",
      { x: (frame.left + right) / 2, y: frame.height - 6, class: "name", "text-anchor": "middle" },
      x.label,
    ) + textElement("text", { x: frame.left - 44, y: frame.top - 9, class: "name" }, y.label);
  return element("g", { "aria-hidden": "true" }, columns.join("") + rows.join("") + names);
}

export function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return element("line", { x1, y1, x2, y2, class: name });
}

export function path(points: readonly (readonly [number, number])[], name: string): string {
  const steps = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`);
  return element("path", { d: steps.join(""), class: name });
}

/** Marks differ in shape as well as in colour. */
const shapes = ["circle", "square", "triangle", "diamond"] as const;

/** The mark of the student with this index, or of the teacher; `title` shows when pointed at. */
export function mark(x: number, y: number, index: number | "teacher", title: string): string {
  const name = index === "teacher" ? "teacher" : `student s${index % shapes.length}`;
  const tip = title === "" ? "" : textElement("title", {}, title);
  const shape = index === "teacher" ? "bar" : shapes[index % shapes.length];
  if (shape === "circle") return element("circle", { cx: x, cy: y, r: 5, class: name }, tip);
  const outlines = {
    square: "M-4.5-4.5h9v9h-9z",
    triangle: "M0-5.5L5.2 4h-10.4z",
    diamond: "M0-6L6 0L0 6L-6 0z",
    bar: "M-1.5-8h3v16h-3z",
  };
  const d = outlines[shape as keyof typeof outlines];
  return element("path", { d, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: name }, tip);
}

/** Marks and what they stand for, as HTML, above a chart. */
export function legend(entries: readonly { readonly index: number | "teacher"; readonly name: string }[]): string {
  const items = entries.map(({ index, name }) => {
    const swatch = element(
      "svg",
      { viewBox: "-9 -9 18 18", width: 14, height: 14, "aria-hidden": "true" },
      mark(0, 0, index, ""),
    );
    return element("li", {}, swatch + textElement("span", {}, name));
  });
  return element("ul", { class: "legend" }, items.join(""));
}
