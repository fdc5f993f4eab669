import type { Manifest } from "../../src/contract/manifest.ts";
import type { LiftedGraph } from "../../src/onnx/lift-tables.ts";
import type { Session } from "../../src/onnx/session.ts";
import type { ReadSurface } from "../../src/pairs/surface-features.ts";
import type { TokenizerParts } from "../../src/text/create-tokenizer.ts";
import type { Tokenizer } from "../../src/text/tokenizer.ts";

export interface StudentFiles {
  /** One loading of one version; another loading of the same version has another id. */
  readonly id: string;
  readonly folder: string;
  readonly manifest: Manifest;
  /** Tokens read of one text. */
  readonly maxTokens: number;
}

/** A student that was read and checked: all that threads need to open it. What is large lies in memory that they share. */
export interface SharedStudent extends StudentFiles {
  /** What the tables lie in. */
  readonly memory: SharedArrayBuffer;
  readonly tokenizer: TokenizerParts;
  readonly encoder: LiftedGraph;
  /** Where the student reads n-grams. */
  readonly ngrams?: LiftedGraph;
  /** By file, those that lie outside the encoder's graph. */
  readonly heads: ReadonlyMap<string, LiftedGraph>;
}

/** Items of one kind for one student. For `pair` every two texts are an item: source, target. */
export interface TextBatch {
  readonly studentId: string;
  readonly input: "text" | "pair";
  readonly tasks: readonly string[];
  readonly texts: readonly string[];
  /** Tokens of one pass, padding included. */
  readonly tokenBudget: number;
  /**
   * Ids of those of its ensemble that answer along with the student. A thread also has candidates, and students that were replaced: what
   * lives, only main knows. @default whoever the thread has
   */
  readonly members?: readonly string[];
  /** Also find out the languages of the texts, for drift; for students with a head for it. */
  readonly asksLanguages?: boolean;
}

export interface BatchOutput {
  /** For each task float32 [items, labels]. */
  readonly logits: Readonly<Record<string, Float32Array>>;
  /** Whether the student's ensemble answered, and not the student alone. */
  readonly together: boolean;
  /** Tokens of each text, special ones included. */
  readonly tokens: Int32Array;
  /** Unknown pieces of each text; left out where there are none at all. */
  readonly unknown?: Int32Array;
  /** 1 where a text was cut. */
  readonly truncated: Uint8Array;
  /** Of each text the index of the language head's label, where they were asked for or decide about a threshold. */
  readonly languages?: Int32Array;
  readonly tokenizeMs: number;
  readonly passes: readonly Pass[];
  /** Those of the members of its ensemble that were asked. @default none */
  readonly memberPasses?: readonly MemberPasses[];
}

export interface MemberPasses {
  /** Name. */
  readonly student: string;
  readonly passes: readonly Pass[];
}

/** One run of the graph: `rows` texts padded to `tokens` each. */
export interface Pass {
  readonly rows: number;
  readonly tokens: number;
  readonly inferMs: number;
}

export interface LoadedStudent {
  readonly manifest: Manifest;
  readonly maxTokens: number;
  readonly tokenizer: Tokenizer;
  /** It remembers the pieces that it has read. */
  readonly readSurface: ReadSurface;
  /** With its n-grams, where the student reads some. */
  readonly encoder: Session;
  /** By file, those that lie outside the encoder's graph. */
  readonly heads: ReadonlyMap<string, Session>;
}
