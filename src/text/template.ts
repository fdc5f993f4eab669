import { BadFileError } from "../errors.ts";

/** A part of a template: special tokens, or null for the text. */
type Part = readonly number[] | null;

/** Ids that a template puts before and after a text. @throws {BadFileError} when it does not name the text once. */
export function idsAround(parts: readonly Part[]): { readonly prefix: number[]; readonly suffix: number[] } {
  const text = parts.indexOf(null);
  if (text < 0 || text !== parts.lastIndexOf(null)) throw new BadFileError("the template must name the text once");
  return {
    prefix: parts.slice(0, text).flatMap((ids) => ids ?? []),
    suffix: parts.slice(text + 1).flatMap((ids) => ids ?? []),
  };
}

/** The parts of a `TemplateProcessing`. @throws {BadFileError} when it names a token that it does not describe. */
export function templateParts(template: {
  readonly single: readonly object[];
  readonly special_tokens: Readonly<Record<string, { readonly ids: readonly number[] }>>;
}): Part[] {
  return template.single.map((part) => {
    if (!("SpecialToken" in part)) return null;
    const { id } = part.SpecialToken as { readonly id: string };
    const special = template.special_tokens[id];
    if (!special) throw new BadFileError(`the template names ${id}, which is no special token`);
    return special.ids;
  });
}
