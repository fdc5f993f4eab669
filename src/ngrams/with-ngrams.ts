import type { Ngrams } from "../contract/manifest.ts";
import { must } from "../invariant.ts";
import { type Feeds, type Session, Tensor } from "../onnx/session.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { createNgrams, type ReadNgrams } from "./ngrams.ts";

/**
 * A student's encoder together with its graph over n-grams: what that says of a text is added to the encoder's logits of the same
 * name. It is run only when one of these is asked for.
 * @param session of that graph, as the manifest describes it
 * @returns what also releases both.
 */
export function withNgrams(
  encoder: Session,
  session: Session,
  ngrams: Omit<Ngrams, "file">,
  pieceOf: Tokenizer["pieceOf"],
): Session {
  const read = createNgrams(pieceOf, ngrams);
  const weights = new Map(ngrams.tasks.map(({ task, weight }) => [`logits_${task}`, weight]));
  return {
    inputNames: encoder.inputNames,
    outputNames: encoder.outputNames,
    run: async (feeds, fetches) => {
      const asked = namesIn(fetches) ?? encoder.outputNames;
      const shared = asked.filter((name) => (weights.get(name) ?? 0) > 0);
      const results = await encoder.run(feeds, fetches);
      if (shared.length === 0) return results;
      const more = await session.run(toNgrams(feeds, read), shared);
      for (const name of shared) addTo(must(results[name]), must(more[name]), must(weights.get(name)));
      return results;
    },
    release: async () => {
      await encoder.release();
      await session.release();
    },
  };
}

function namesIn(fetches: Parameters<Session["run"]>[1]): readonly string[] | undefined {
  return fetches === undefined || Array.isArray(fetches) ? fetches : Object.keys(fetches);
}

/** `ids` and `mask` [batch, tokens] to those of the texts' n-grams, padded to the most of them. */
function toNgrams({ ids, mask }: Feeds, read: ReadNgrams): Feeds {
  const [texts, tokens] = must(ids).dims as [number, number];
  const [all, weights] = [must(ids).data as Int32Array, must(mask).data as Float32Array];
  const found = Array.from({ length: texts }, (_, text) => {
    let end = (text + 1) * tokens;
    while (end > text * tokens && weights[end - 1] === 0) end--;
    return read(all.subarray(text * tokens, end));
  });
  const width = Math.max(...found.map(({ length }) => length));
  const own = { ids: new Int32Array(texts * width), mask: new Float32Array(texts * width) };
  found.forEach((rows, text) => {
    own.ids.set(rows, text * width);
    own.mask.fill(1, text * width, text * width + rows.length);
  });
  return { ids: new Tensor("int32", own.ids, [texts, width]), mask: new Tensor("float32", own.mask, [texts, width]) };
}

function addTo({ data: sum }: Tensor, { data: more }: Tensor, weight: number): void {
  const [to, from] = [sum as Float32Array, more as Float32Array];
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + weight * (from[i] as number);
}
