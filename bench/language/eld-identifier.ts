import { eld } from "eld/large";
import { answerCode } from "./codes.ts";
import { type Identifier, overFunction } from "./identifier.ts";

/** https://www.npmjs.com/package/eld, its largest database. */
export function createEld(): Identifier {
  const languages = Object.values(eld.info().Languages).map((code) => answerCode("eld", code));
  return overFunction("eld", languages, (text) => answerCode("eld", eld.detect(text).language));
}
