import { LanguageDetectorBuilder } from "@bluzzi/lingua";
import * as z from "zod";
import { must } from "../../src/invariant.ts";
import { type Identifier, overFunction } from "./identifier.ts";

/** Its names of languages, in the order of their codes here. */
const names =
  "Afrikaans Albanian Arabic Armenian Azerbaijani Basque Belarusian Bengali Bokmal Bosnian Bulgarian Catalan Chinese " +
  "Croatian Czech Danish Dutch English Esperanto Estonian Finnish French Ganda Georgian German Greek Gujarati Hebrew " +
  "Hindi Hungarian Icelandic Indonesian Irish Italian Japanese Kazakh Korean Latin Latvian Lithuanian Macedonian Malay " +
  "Maori Marathi Mongolian Nynorsk Persian Polish Portuguese Punjabi Romanian Russian Serbian Shona Slovak Slovene " +
  "Somali Sotho Spanish Swahili Swedish Tagalog Tamil Telugu Thai Tsonga Tswana Turkish Ukrainian Urdu Vietnamese " +
  "Welsh Xhosa Yoruba Zulu";
const codes =
  "af sq ar hy az eu be bn nb bs bg ca zh hr cs da nl en eo et fi fr lg ka de el gu he hi hu is id ga it ja kk ko la lv lt " +
  "mk ms mi mr mn nn fa pl pt pa ro ru sr sn sk sl so st es sw sv tl ta te th ts tn tr uk ur vi cy xh yo zu";

const Confidences = z.array(z.looseObject({ language: z.string() }));

/**
 * https://www.npmjs.com/package/@bluzzi/lingua: Lingua in WebAssembly, its most exact mode. The first text takes minutes: it
 * loads every model.
 */
export function createLingua(): Identifier {
  const list = codes.split(" ");
  const codeOf = new Map(names.split(" ").map((name, i) => [name, must(list[i])]));
  const detector = LanguageDetectorBuilder.fromAllLanguages().build();
  const known = Confidences.parse(detector.computeLanguageConfidenceValues("text"));
  const languages = known.map(({ language }) => must(codeOf.get(language), `code of ${language}`));
  return overFunction("lingua", languages, (text) => codeOf.get(detector.detectLanguageOf(text) ?? "") ?? "");
}
