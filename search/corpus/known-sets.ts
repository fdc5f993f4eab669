/**
 * What experience with public sets says about using them, by name; a set that is not listed is taken at its word.
 * `datasets.json` overrules the weight with its own `weight`.
 */
export interface Handling {
  /** Weight of a training row. @default 1 */
  readonly weight?: number;
  /** Factor on how often its rows are drawn, beside the root of their number. @default 1 */
  readonly share?: number;
  /** The same for what makes far fewer passes: the teacher, and students with layers. @default share */
  readonly fineTuningShare?: number;
  /** Most training rows a language. */
  readonly perLanguage?: number;
  /** Its texts are split into tokens by spaces and have to be joined again. */
  readonly tokenised?: true;
  /** Abuse is common in this unlabelled text: no source of acceptable rows. */
  readonly rough?: true;
  /** Language codes of it that are wrong, with the right ones; null where its rows are of several languages. */
  readonly languages?: Readonly<Record<string, string | null>>;
  /** A suite of cases: its finer label (up to a bar) says what a case tests, and each kind of case is judged by itself. */
  readonly functional?: true;
  /** Finer labels (`fine_label`) whose rows do not say what the set's label says. */
  readonly leftOut?: readonly string[];
  /**
   * Languages whose training labels say nothing of their texts: a linear classifier over words and letters, cross-validated, is at
   * chance there.
   */
  readonly baseless?: readonly string[];
  /** The set whose validation rows say how well somebody knows this one, which has none. @default itself */
  readonly judgedBy?: string;
  /** Letters of it that were read in the wrong encoding, by language. */
  readonly letters?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What Windows-1250 becomes when it is read as Windows-1252. */
const southSlavic = { è: "č", æ: "ć", ð: "đ", È: "Č", Æ: "Ć", Ð: "Đ" };
const southSlavicLetters = { bs: southSlavic, hr: southSlavic, sl: southSlavic, sr: southSlavic };

const handlings: Readonly<Record<string, Handling>> = {
  // Human labels over eight languages of one register: the set that sentiment is compared on.
  // Its Hindi labels are at chance: .351 right of 1,500 rows in three classes, 1.4 deviations above .333; the others from .47 up.
  umsab_xlmt: { share: 4, fineTuningShare: 5, baseless: ["hi"] },
  afrisenti: { share: 0.5 },
  // Labels projected through subtitle alignment, and no neutral ones outside English.
  xed_subtitles: { weight: 0.3, perLanguage: 1200, share: 0.5, letters: southSlavicLetters },
  // Attitude towards an entity in the news, not of the sentence.
  rusentne_ru: { weight: 0.5 },
  // Comments on one page, seven in ten positive.
  omilab_he: { weight: 0.7 },
  // Only sexism counts as toxic there; other abuse is labelled acceptable.
  edos_en: { weight: 0.5 },
  // Judged within a forum in which every text is suspect.
  stormfront_en: { weight: 0.5, judgedBy: "hatecheck_en" },
  // Nothing in them is acceptable, or next to nothing. What levels them is drawn from other sets, so that to draw them as often as others
  // teaches that comments in those languages are toxic.
  rudetoxifier_toxic_ru: { share: 0.3, judgedBy: "kdnas_filter_suite" },
  bengali_hate_rezacsedu: { share: 0.3 },
  mlma: { share: 0.5 },
  // Toxic as soon as one of three annotators says so.
  told_br: { weight: 0.8 },
  // What people said of translations; all other pairs are made or written. As often as its size says, it teaches a head on the finished 3x384
  // (`npm run add-task -- --tasks adequacy`) a correlation of .381 with them, 14 times as often .437, 25 times .447; the suite of everyday
  // sentences goes from 57.5 to 55. With its encoder on pairs alone, 3M tokens, 14 times as often: .436.
  // Beside it nobody learned the pairs of everyday sentences, though: a tenth of them in a round.
  mlqe_pe_da: { share: 20 },
  // What people marked as grave errors: drawn by its size alone, a fortieth of the pairs.
  mlqe_ced21: { share: 6, tokenised: true },
  hatecheck_en: { functional: true },
  // Few patterns, but what no public set of so many languages teaches: that it is not the group that makes a sentence toxic.
  kdnas_identity_filter: { share: 2, judgedBy: "hatecheck_en" },
  // A few hundred rows a language, which in most of them is all that is labelled: many passes.
  kdnas_filter_comments: { share: 2, fineTuningShare: 3, judgedBy: "kdnas_filter_suite" },
  kdnas_filter_suite: { functional: true },
  kdnas_sentiment_comments: { share: 2, fineTuningShare: 3, judgedBy: "kdnas_sentiment_suite" },
  kdnas_sentiment_suite: { functional: true },
  // Beside encyclopedia text of seven pairs, all that there is of how people write and of errors that are small and grave.
  kdnas_adequacy_pairs: { share: 8 },
  kdnas_adequacy_suite: { functional: true },
  kdnas_japanese_filter: { functional: true },
  // A list for cleaning dialogues, not of abuse: it has the words for funeral, woman, accident and gay.
  lexicons_badwords: { leftOut: ["open2ch_ng"] },
  sample_filter_text: { rough: true },
  kocohub_comments_ko: { rough: true },
  // Its Slovak is filed under sl, and nine in ten of its Malay rows are Indonesian (the macrolanguage's file was taken).
  tatoeba_challenge: { languages: { sl: "sk", ms: null } },
  tatoeba_challenge_direct: { languages: { sl: "sk", ms: null } },
  commonvoice: { languages: { ms: null } },
  // Two in five Bosnian and one in five Croatian lines that tell (vreme or vrijeme) are Serbian.
  xed_opensubtitles: {
    rough: true,
    languages: { ms: null, bs: null, hr: null },
    letters: southSlavicLetters,
  },
  // Filed under Northern Sotho, but written in Southern Sotho: ho, hore and jwale where the other has go, gore and bjale.
  ntrex128: { languages: { nso: "st" } },
  // Filed under Central Kurdish there: the Northern Kurdish text once more.
  udhr: { languages: { ckb: "ku" } },
};

/** Unlabelled texts count as a set for each language, so that those that nobody labelled are learned from too. */
const unlabelledPrefix = "unlabelled ";
/** Few of them have an opinion. */
const unlabelled: Handling = { share: 0.15 };

export function unlabelledSet(language: string): string {
  return unlabelledPrefix + language;
}

export function handlingOf(dataSet: string): Handling {
  return dataSet.startsWith(unlabelledPrefix) ? unlabelled : (handlings[dataSet] ?? {});
}

export function shareOf(dataSet: string): number {
  return handlingOf(dataSet).share ?? 1;
}

/**
 * Texts that only have what others say of them come from every set: drawn like labelled ones, they would be half of what is seen. Posts drawn
 * 1.5 times as often as their number says, texts of no set half as often: one round moved UMSAB by .1 to .3 (four students alone), the mean of
 * ten sentiment sets by -.5 to .1.
 */
export const saidSuffix = " (teacher)";
const saidShare = 0.4;

export function fineTuningShareOf(dataSet: string): number {
  if (dataSet.endsWith(saidSuffix)) return Math.min(saidShare, shareOf(dataSet.slice(0, -saidSuffix.length)));
  return handlingOf(dataSet).fineTuningShare ?? shareOf(dataSet);
}

/** Suites of cases only probe a task: in its mean, and where something is fitted, they count where it has nothing else. */
export function withoutSuites<Of>(all: readonly Of[], dataSetOf: (one: Of) => string): readonly Of[] {
  const sampled = all.filter((one) => !handlingOf(dataSetOf(one)).functional);
  return sampled.length > 0 ? sampled : all;
}
