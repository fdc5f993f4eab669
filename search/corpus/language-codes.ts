import { handlingOf } from "./known-sets.ts";

/**
 * Codes that sets use for one and the same answer: members of an ISO 639-3 macrolanguage whose own 639-1 code the other
 * sets carry, and older codes. What readers of one member cannot read stays apart (`ckb` from `ku`, `yue` from `zh`), as
 * do members with a 639-1 code of their own (`nb` and `nn`, `id` and `ms`).
 */
const groupCodes: Readonly<Record<string, string>> = {
  als: "sq",
  zlm: "ms",
  zsm: "ms",
  pes: "fa",
  prs: "fa",
  fuc: "ff",
  fuf: "ff",
  fuv: "ff",
  knc: "kr",
  mey: "ar",
  fil: "tl",
  no: "nb",
};

/** The one code of a language, whichever of its codes is given. */
export function languageCode(code: string): string {
  return groupCodes[code] ?? code;
}

/** Reads a set's codes (of pairs too, `source-target`): the language's one code, or null where it cannot be told. */
export function languageReader(dataSet: string): (code: string) => string | null {
  const corrected = handlingOf(dataSet).languages ?? {};
  const known = new Map<string, string | null>();
  return (code) => {
    const found = known.get(code);
    if (found !== undefined) return found;
    const parts = code.split("-").map((part) => (part in corrected ? corrected[part] : part) ?? null);
    const language = parts.some((part) => part === null) ? null : parts.map((p) => languageCode(p as string)).join("-");
    known.set(code, language);
    return language;
  };
}
