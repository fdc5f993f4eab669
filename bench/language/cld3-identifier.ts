import { createRequire } from "node:module";
import type { CldFactory } from "cld3-asm";
import { answerCode } from "./codes.ts";
import { type Identifier, overFunction } from "./identifier.ts";

/** Languages of CLD3 (https://github.com/google/cld3, "Supported Languages"); the library does not list them. */
const supported =
  "af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw hi hmn hr ht hu hy " +
  "id ig is it iw ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps pt ro ru " +
  "sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu";

const mostBytes = 1000;

/** https://www.npmjs.com/package/cld3-asm: CLD3 in WebAssembly. Its ES modules lack file endings, so it is required. */
export async function createCld3(): Promise<Identifier> {
  const { loadModule } = createRequire(import.meta.url)("cld3-asm") as { loadModule(): Promise<CldFactory> };
  const identifier = (await loadModule()).create(0, mostBytes);
  const languages = supported.split(" ").map((code) => answerCode("cld3", code));
  const cld3 = overFunction("cld3", languages, (text) => answerCode("cld3", identifier.findLanguage(text).language));
  return { ...cld3, close: async () => identifier.dispose() };
}
