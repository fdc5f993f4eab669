/** Anything that says in which language a text is, one text after the other on one thread. */
export interface Identifier {
  readonly name: string;
  /** Languages that it can answer with, by the project's codes. */
  readonly languages: ReadonlySet<string>;
  /** Its answers by the project's codes, empty where it has none, and the microseconds that a text took. */
  identify(texts: readonly string[]): Promise<Identified>;
  close(): Promise<void>;
}

export interface Identified {
  readonly languages: readonly string[];
  readonly microseconds: number;
}

/** An identifier over a function that answers at once. The first texts are asked twice: code is slow before it is warm. */
export function overFunction(name: string, languages: Iterable<string>, detect: (text: string) => string): Identifier {
  return {
    name,
    languages: new Set(languages),
    identify: (texts) => Promise.resolve(timed(texts, detect)),
    close: () => Promise.resolve(),
  };
}

function timed(texts: readonly string[], detect: (text: string) => string): Identified {
  for (const text of texts.slice(0, 50)) detect(text);
  const start = performance.now();
  const languages = texts.map(detect);
  return { languages, microseconds: (1000 * (performance.now() - start)) / texts.length };
}
