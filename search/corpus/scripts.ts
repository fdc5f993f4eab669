const scripts = {
  Latin: /\p{sc=Latin}/gu,
  Cyrillic: /\p{sc=Cyrillic}/gu,
  Arabic: /\p{sc=Arabic}/gu,
} as const;

export type Script = keyof typeof scripts | "other";

/** The script of most letters of a text, of those that some languages are written in two of. */
export function scriptOf(text: string): Script {
  const found = (Object.keys(scripts) as (keyof typeof scripts)[]).map((script) => ({
    script: script as Script,
    letters: count(text, scripts[script]),
  }));
  const others = count(text, /\p{L}/gu) - found.reduce((sum, { letters }) => sum + letters, 0);
  return [...found, { script: "other" as const, letters: others }].reduce((a, b) => (b.letters > a.letters ? b : a))
    .script;
}

function count(text: string, letter: RegExp): number {
  return text.match(letter)?.length ?? 0;
}
