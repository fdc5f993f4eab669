import { must } from "../../../src/invariant.ts";
import type { Tensors, TinyConfig } from "../../fixtures/tiny-teacher.ts";

type Vector = readonly number[];

/**
 * A BERT or XLM-R encoder in plain loops over float64, from the papers and Hugging Face's tensor names; shares nothing with ours.
 * Takes one text without padding. Gives every hidden state, [layers + 1][tokens][hidden].
 */
export function plainBert(tensors: Tensors, config: TinyConfig, ids: ArrayLike<number>, prefix = ""): Vector[][] {
  const tensor = (name: string) => must(tensors.get(prefix + name), name);
  const row = (name: string, index: number): Vector => {
    const { dims, data } = tensor(name);
    const width = must(dims.at(-1));
    return Array.from(data.subarray(index * width, (index + 1) * width));
  };
  const firstPosition = config.model_type === "bert" ? 0 : config.pad_token_id + 1;
  let states: Vector[] = Array.from(ids, (id, t) => {
    const parts = [
      row("embeddings.word_embeddings.weight", id),
      row("embeddings.position_embeddings.weight", firstPosition + t),
      row("embeddings.token_type_embeddings.weight", 0),
    ];
    return norm(sum(parts), "embeddings.LayerNorm");
  });
  const all = [states];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    states = layer(states, `encoder.layer.${i}`);
    all.push(states);
  }
  return all;

  function layer(x: readonly Vector[], at: string): Vector[] {
    const [q, k, v] = ["query", "key", "value"].map((part) => x.map((s) => dense(s, `${at}.attention.self.${part}`)));
    const mixed = x.map((_, t) => attend(must(q?.[t]), must(k), must(v)));
    const middle = x.map((state, t) =>
      norm(sum([state, dense(must(mixed[t]), `${at}.attention.output.dense`)]), `${at}.attention.output.LayerNorm`),
    );
    return middle.map((state) => {
      const wide = dense(state, `${at}.intermediate.dense`).map(config.hidden_act === "gelu" ? gelu : relu);
      return norm(sum([state, dense(wide, `${at}.output.dense`)]), `${at}.output.LayerNorm`);
    });
  }

  function attend(query: Vector, keys: readonly Vector[], values: readonly Vector[]): Vector {
    const width = config.hidden_size / config.num_attention_heads;
    const heads = Array.from({ length: config.num_attention_heads }, (_, head) => {
      const part = (vector: Vector) => vector.slice(head * width, (head + 1) * width);
      const scores = keys.map((key) => Math.exp(dot(part(query), part(key)) / Math.sqrt(width)));
      const total = scores.reduce((a, b) => a + b, 0);
      return sum(values.map((value, t) => part(value).map((x) => (x * must(scores[t])) / total)));
    });
    return heads.flat();
  }

  function dense(x: Vector, name: string): Vector {
    const bias = Array.from(tensor(`${name}.bias`).data);
    return bias.map((b, output) => b + dot(x, row(`${name}.weight`, output)));
  }

  function norm(x: Vector, name: string): Vector {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
    const [gamma, beta] = [row(`${name}.weight`, 0), row(`${name}.bias`, 0)];
    return x.map(
      (value, i) => ((value - mean) / Math.sqrt(variance + config.layer_norm_eps)) * must(gamma[i]) + must(beta[i]),
    );
  }
}

function sum(vectors: readonly Vector[]): Vector {
  return must(vectors[0]).map((_, i) => vectors.reduce((total, vector) => total + must(vector[i]), 0));
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((total, x, i) => total + x * must(b[i]), 0);
}

function relu(x: number): number {
  return Math.max(0, x);
}

/** x · Φ(x); erf by its Taylor series, exact to 1e-12 for the small numbers here. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let term = z;
  let erf = z;
  for (let n = 1; n < 60; n++) {
    term *= -(z * z) / n;
    erf += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * (Math.abs(z) > 4 ? (Math.sign(z) * Math.sqrt(Math.PI)) / 2 : erf));
}
