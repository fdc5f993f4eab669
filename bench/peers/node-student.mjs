import { readFileSync } from "node:fs";
import { join } from "node:path";
// biome-ignore lint/style/noRestrictedImports: a peer is made of what its users would take.
import { InferenceSession, Tensor } from "onnxruntime-node";

/** The student as Node programs would run it: texts padded to the longest of their batch, one thread a process. */
export async function openStudent(encodeAll) {
  const folder = process.env.STUDENT;
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const { labels, temperature } = manifest.tasks.find(({ name }) => name === "sentiment");
  const session = await InferenceSession.create(join(folder, "model.onnx"), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const encode = await encodeAll(folder, manifest.maxTokens);
  return async (texts) => {
    const sequences = await encode(texts);
    const tokens = Math.max(...sequences.map((ids) => ids.length));
    const dims = [texts.length, tokens];
    const ids = new Int32Array(texts.length * tokens).fill(1);
    const mask = new Float32Array(texts.length * tokens);
    sequences.forEach((sequence, row) => {
      ids.set(sequence, row * tokens);
      mask.fill(1, row * tokens, row * tokens + sequence.length);
    });
    const feeds = { ids: new Tensor("int32", ids, dims), mask: new Tensor("float32", mask, dims) };
    const { logits_sentiment: logits } = await session.run(feeds, ["logits_sentiment"]);
    return texts.map((_, row) => toResult(logits.data.subarray(row * labels.length, (row + 1) * labels.length)));
  };

  function toResult(logits) {
    const most = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
    const sum = powers.reduce((a, b) => a + b, 0);
    const scores = Object.fromEntries(labels.map((label, i) => [label, powers[i] / sum]));
    const best = powers.indexOf(Math.max(...powers));
    return { label: labels[best], score: powers[best] / sum, scores };
  }
}

/** npm `tokenizers`, the Rust library. */
export async function nativeTokenizer(folder, maxTokens) {
  const { Tokenizer } = await import("tokenizers");
  const tokenizer = Tokenizer.fromFile(join(folder, "tokenizer.json"));
  tokenizer.setTruncation(maxTokens);
  return async (texts) => {
    if (texts.length === 1) return [(await tokenizer.encode(texts[0])).getIds()];
    return (await tokenizer.encodeBatch(texts)).map((encoding) => encoding.getIds());
  };
}

/** The tokeniser of transformers.js. */
export async function scriptTokenizer(folder, maxTokens) {
  const { PreTrainedTokenizer } = await import("@xenova/transformers");
  const json = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
  const config = {
    tokenizer_class: "XLMRobertaTokenizer",
    pad_token: "<pad>",
    unk_token: "<unk>",
    model_max_length: maxTokens,
  };
  const tokenizer = new PreTrainedTokenizer(json, config);
  return async (texts) => texts.map((text) => tokenizer.encode(text).slice(0, maxTokens));
}
