import { z } from "zod";

const count = z.int().nonnegative();

/** How much of a data folder is used. The defaults suit a machine of two cores: about 400,000 examples. */
export const Limits = z.strictObject({
  /** Training rows of a labelled set in a language. */
  labelledPerLanguage: count.default(6000),
  /** Validation rows of a labelled set in a language. */
  validationPerLanguage: count.default(2000),
  /** Examples a language of the language task, fragments not counted. */
  languagePerLanguage: count.default(1000),
  /** Unlabelled texts a language. */
  unlabelledPerLanguage: count.default(1500),
  /** Rows a language and set from which unlabelled texts, language examples and acceptable texts are drawn. */
  poolPerLanguage: count.default(2000),
});
export type Limits = Readonly<z.infer<typeof Limits>>;
