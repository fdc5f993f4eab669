import type { Score } from "../../src/contract/manifest.ts";
import { mean } from "../../src/stats.ts";
import { element, tableMarkup, textElement } from "./markup.ts";
import { axes, frameOf, legend, line, mark, svg } from "./plot.ts";
import type { FinishedStudent, ReportData } from "./report-data.ts";
import { linearScale } from "./scale.ts";
import { points } from "./wording.ts";

/** Names of the metrics as people write them. */
const metricNames: Readonly<Record<Score["metric"], string>> = {
  macroF1: "macro-F1",
  accuracy: "accuracy",
  pearson: "Pearson",
};
/** A set with fewer languages is told well enough by its mean. */
const GRID_LANGUAGES = 4;

/** Scores of the finished students beside the teacher's: a dot a data set and student, and every language below. */
export function qualitySection({ students }: ReportData): string {
  const scored = students.filter(({ manifest }) => manifest.scores.length > 0);
  if (scored.length === 0) return textElement("p", { class: "note" }, "No student has been finished and scored yet.");
  const all = scored.flatMap(({ manifest }) => manifest.scores);
  const hasTeacher = all.some(({ teacher }) => teacher !== null);
  const entries = [
    ...scored.map(({ manifest }, index) => ({ index, name: manifest.name })),
    ...(hasTeacher ? [{ index: "teacher" as const, name: "teacher, fine-tuned" }] : []),
  ];
  const note = hasTeacher
    ? ""
    : textElement(
        "p",
        { class: "note" },
        "The teacher was not scored: npm run evaluate -- --data DATA --write adds it.",
      );
  const tasks = [...new Set(all.map(({ task }) => task))];
  return legend(entries) + note + tasks.map((task) => taskBlock(task, scored)).join("");
}

function taskBlock(task: string, students: readonly FinishedStudent[]): string {
  const scores = students.map(({ manifest }) => manifest.scores.filter((score) => score.task === task));
  const dataSets = [...new Set(scores.flat().map(({ dataSet }) => dataSet))];
  const grids = dataSets.flatMap((dataSet) => languageGrid(dataSet, students, scores));
  const details =
    grids.length === 0
      ? ""
      : element("details", {}, textElement("summary", {}, `${task} by language`) + grids.join(""));
  const about = `${task}: mean scores of ${dataSets.length} data sets`;
  return element(
    "article",
    { class: "task" },
    textElement("h3", {}, task) + dotPlot(dataSets, scores, about) + details,
  );
}

function dotPlot(dataSets: readonly string[], scores: readonly (readonly Score[])[], about: string): string {
  const frame = { ...frameOf(1040, 48 + 24 * dataSets.length), left: 330, bottom: 26 };
  const rows = dataSets.map((dataSet) => rowOf(dataSet, scores));
  const shown = rows.flatMap(({ means, teacher }) => [...means, teacher]).filter((value) => value !== null);
  const x = linearScale([0, ...shown.map((value) => 100 * value)], [frame.left, frame.width - frame.right], 10);
  const y = (row: number) => frame.top + 24 * (row + 0.5);
  const marks = rows.map((row, r) => {
    const own = [...row.means, row.teacher].flatMap((value) => (value === null ? [] : [x(100 * value)]));
    const label = element(
      "text",
      { x: frame.left - 12, y: y(r) + 4, class: "row-name", "text-anchor": "end" },
      textElement("tspan", {}, row.dataSet) + textElement("tspan", { class: "quiet" }, ` · ${row.about}`),
    );
    const teacher =
      row.teacher === null ? "" : mark(x(100 * row.teacher), y(r), "teacher", `teacher ${points(row.teacher)}`);
    const dots = row.means.map((value, i) =>
      value === null ? "" : mark(x(100 * value), y(r), i, `${row.dataSet}: ${points(value)}`),
    );
    return label + line(Math.min(...own), y(r), Math.max(...own), y(r), "span") + teacher + dots.join("");
  });
  const none = Object.assign(() => 0, { ticks: [] });
  return svg(
    frame,
    about,
    axes(frame, { scale: x, label: "", format: String }, { scale: none, label: "", format: String }) + marks.join(""),
  );
}

function rowOf(dataSet: string, scores: readonly (readonly Score[])[]) {
  const own = scores.map((list) => list.filter((score) => score.dataSet === dataSet));
  const [first = []] = own.filter((list) => list.length > 0);
  const teachers = first.map(({ teacher }) => teacher).filter((value) => value !== null);
  const languages = first.length === 1 ? (first[0]?.language ?? "") : `${first.length} languages`;
  return {
    dataSet,
    about: `${languages}, ${first[0] === undefined ? "" : metricNames[first[0].metric]}`,
    means: own.map((list) => (list.length === 0 ? null : mean(list.map(({ student }) => student)))),
    teacher: teachers.length > 0 && teachers.length === first.length ? mean(teachers) : null,
  };
}

/** A table of every language, a row a language and a column a student, shaded by score. */
function languageGrid(
  dataSet: string,
  students: readonly FinishedStudent[],
  scores: readonly (readonly Score[])[],
): string[] {
  const own = scores.map((list) => list.filter((score) => score.dataSet === dataSet));
  const languages = [...new Set(own.flat().map(({ language }) => language))].sort();
  if (languages.length < GRID_LANGUAGES) return [];
  const hasTeacher = own.flat().some(({ teacher }) => teacher !== null);
  const head = [...students.map(({ manifest }) => manifest.name), ...(hasTeacher ? ["teacher"] : [])];
  const rows = languages.map((language) => {
    const each = own.map((list) => list.find((score) => score.language === language));
    const teacher = each.find((score) => score !== undefined && score.teacher !== null)?.teacher;
    const values = [...each.map((score) => score?.student), ...(hasTeacher ? [teacher] : [])];
    return [language, ...values.map((value) => shaded(value ?? null))];
  });
  return [element("div", { class: "languages" }, tableMarkup(["", ...head], rows, dataSet))];
}

function shaded(value: number | null): string {
  if (value === null) return "–";
  const shade = Math.round(70 * Math.min(1, Math.max(0, value)));
  return textElement("span", { class: "shade", style: `--shade:${shade}%` }, points(value));
}
