import { architectureName } from "../../src/contract/architecture.ts";
import { servedLatency, servedScores } from "../../src/contract/ensemble.ts";
import type { Manifest, ManifestTask, Score } from "../../src/contract/manifest.ts";
import { mean } from "../../src/stats.ts";
import { referenceLines } from "./reference-lines.ts";

function thresholdText({
  threshold,
  languageThresholds = {},
}: Pick<ManifestTask, "threshold" | "languageThresholds">): string {
  if (threshold === undefined) return "";
  const own = Object.entries(languageThresholds).map(([code, value]) => `${code} ${value}`);
  return own.length === 0 ? `, threshold ${threshold}` : `, threshold ${threshold} (${own.join(", ")})`;
}

/** `card.md`: what a student is, what it was trained on, how good and how fast it is, and where it is not to be trusted. */
export function cardText(m: Manifest): string {
  const latency = servedLatency(m);
  return [
    `# ${m.name}`,
    "",
    `Version ${m.version}, created ${m.created.slice(0, 10)} by search ${m.searchId} (seed ${m.seed}). Architecture ` +
      `${architectureName(m.architecture)}: ${m.parameters.toLocaleString("en-US")} parameters, ` +
      `${(m.bytes / 1e6).toFixed(1)} MB on disk (int8). At most ${m.maxTokens} tokens of a text are read.`,
    "",
    "## Tasks",
    "",
    ...m.tasks.map(
      (task) =>
        `- **${task.name}** (${task.input}): ${task.labels.length > 8 ? `${task.labels.length} labels` : task.labels.join(", ")}; ` +
        `temperature ${task.temperature.toFixed(2)}${thresholdText(task)}; ` +
        `trained on ${languagesText(task)}.`,
    ),
    "",
    ...ngramLines(m),
    ...ensembleLines(m),
    "## Scores on validation data",
    "",
    "Macro-F1, accuracy and Pearson correlation, times 100. The teacher is the fine-tuned one, on the same rows.",
    "",
    ...scoreTable(servedScores(m), m.tasks),
    "",
    ...referenceLines(m.tasks),
    "## Latency",
    "",
    `${latency.cpu}, ${latency.threads} thread, ${latency.runtime}, one text a run.`,
    "",
    "| tokens | p50 ms | p95 ms |",
    "|---|---|---|",
    ...latency.lengths.map(({ tokens, p50Ms, p95Ms }) => `| ${tokens} | ${p50Ms.toFixed(3)} | ${p95Ms.toFixed(3)} |`),
    "",
    "## Data and licences",
    "",
    ...m.dataSets.map(({ name, licence, source }) => `- ${name}: ${licence}; ${source}`),
    "",
    "## Limits",
    "",
    "Trained for the languages above; others get an answer too, of unknown quality. Scores are of the validation data: texts of",
    "another kind can be judged worse. Filtering learned from what annotators of these sets called toxic, their biases included:",
    "set the threshold on your own data, and do not let it decide about people on its own.",
    "",
  ].join("\n");
}

/** The codes of languages; of language pairs, which may be hundreds, how many. */
function languagesText({ input, languages }: ManifestTask): string {
  const count = countOf(languages.length, input);
  return input === "pair" || languages.length === 0 ? count : `${count}: ${[...languages].sort().join(", ")}`;
}

function countOf(languages: number, input: ManifestTask["input"]): string {
  const what = input === "pair" ? "language pair" : "language";
  return `${languages} ${what}${languages === 1 ? "" : "s"}`;
}

function ngramLines({ ngrams }: Manifest): string[] {
  if (ngrams === undefined) return [];
  const tasks = ngrams.tasks.map(({ task, weight }) => `${task} (times ${weight})`).join(", ");
  return [
    `It also reads character n-grams, up to ${ngrams.longest} letters long, ${ngrams.most} of a text, from a table of ` +
      `${ngrams.rows.toLocaleString("en-US")} rows. What they say is added to its logits of ${tasks}.`,
    "",
  ];
}

function ensembleLines({ ensemble }: Manifest): string[] {
  if (ensemble === undefined) return [];
  const names = ensemble.members.map(({ name, version }) => `${name} (${version})`).join(" and ");
  const tasks = ensemble.tasks.map(({ task, weights, ...decided }) => {
    const own = weights.map((weight) => weight.toFixed(2)).join(", ");
    return `- **${task}**: weights ${own}${thresholdText(decided)}`;
  });
  return [
    "## Ensemble",
    "",
    `Where these versions are served too, ${names} answer along with it: logits are added, each times its weight. Scores and`,
    "latency below are of all together; temperatures and thresholds above are of the student alone.",
    "",
    ...tasks,
    "",
  ];
}

/** Scores in more languages than this are not listed one by one. */
const mostListed = 15;

function scoreTable(scores: readonly Score[], tasks: readonly ManifestTask[]): string[] {
  if (scores.length === 0) return ["None: no validation data were given."];
  const sets = [...new Set(scores.map((score) => `${score.task}\t${score.dataSet}`))];
  const rows = sets.map((key) => {
    const own = scores.filter((score) => `${score.task}\t${score.dataSet}` === key);
    const [task, dataSet] = key.split("\t");
    const teacher = own.every((score) => score.teacher !== null)
      ? percent(own.map((score) => score.teacher as number))
      : "–";
    const input = tasks.find(({ name }) => name === task)?.input ?? "text";
    const languages =
      own.length <= mostListed
        ? own.map((s) => `${s.language} ${(s.student * 100).toFixed(1)}`).join(", ")
        : countOf(own.length, input);
    return `| ${task} | ${dataSet} | ${own[0]?.metric} | ${percent(own.map((score) => score.student))} | ${teacher} | ${languages} |`;
  });
  return [
    "| task | data set | metric | student, mean | teacher, mean | per language |",
    "|---|---|---|---|---|---|",
    ...rows,
  ];
}

function percent(values: readonly number[]): string {
  return (mean(values) * 100).toFixed(1);
}
