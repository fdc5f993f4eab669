import type { Result } from "../../../src/contract/prediction.ts";
import { PerspectiveError } from "./shapes.ts";

export interface Languages {
  readonly requested: readonly string[] | undefined;
  /** The language task's answer; undefined when no student has that task. */
  readonly detected: Result | undefined;
  /** Languages that the attribute was learned in. */
  readonly supported: readonly string[];
}

/**
 * A guess below this does not refuse a comment: short ones are often taken for another language, and many clients read a refusal as
 * "not toxic". Of validation texts in languages that the filter knows, guesses of .5, .8 and .9 refuse 2.9, .7 and .3 % (1 ms student), of
 * NTREX's sentences in others 92, 85 and 80 %.
 */
const certain = 0.8;

/**
 * The languages in which a comment counts as judged: those of the caller that are supported, else the detected one.
 * @throws {PerspectiveError} when none is supported.
 */
export function languagesOf({ requested, detected, supported }: Languages, attribute: string): string[] {
  if (requested !== undefined && requested.length > 0) {
    const known = requested.filter((tag) => isSupported(tag, supported));
    if (known.length === 0) throw notSupported(attribute, "requestedLanguages", requested);
    return known;
  }
  if (detected === undefined) return [];
  if (!isSupported(detected.label, supported) && detected.score >= certain)
    throw notSupported(attribute, "detectedLanguages", [detected.label]);
  return [detected.label];
}

function notSupported(attribute: string, kind: string, tags: readonly string[]): PerspectiveError {
  return new PerspectiveError(
    "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
    `Attribute ${attribute} does not support request languages: ${tags.map(quote).join(", ")}`,
    { languageNotSupportedByAttributeError: { attribute, [kind]: tags.map(quote) } },
  );
}

/** Language tags are short; whatever else came in their place is not repeated. */
function quote(tag: string): string {
  return /^[\w-]{1,35}$/.test(tag) ? tag : "(not a language tag)";
}

/** `pt-BR` is `pt`; but romanised text is not what was learned as `hi`: `hi-Latn` is a language of its own. */
function isSupported(tag: string, supported: readonly string[]): boolean {
  if (supported.includes(tag)) return true;
  try {
    const { language, script } = new Intl.Locale(tag);
    const romanised = script === "Latn" && new Intl.Locale(language).maximize().script !== "Latn";
    return supported.includes(language) && !romanised;
  } catch {
    return false;
  }
}
