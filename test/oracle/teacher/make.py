"""
Answers of the project's teacher (models/teacher), from the 4-bit file alone: an independent float32 encoder in NumPy, one text
at a time without padding, token ids by PyPI `tokenizers`. For test/search/teacher/committed-teacher.test.ts: the mean-pooled last
state and the L2 norm of each of the hidden states. Needs numpy, safetensors and tokenizers; writes answers.json beside itself.
"""

import json
import math
import pathlib

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

here = pathlib.Path(__file__).parent
teacher = here.parents[2] / "models" / "teacher"
config = json.loads((teacher / "config.json").read_text())
tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
tensors = load_file(teacher / "model.q4.safetensors")
heads, width = config["num_attention_heads"], config["hidden_size"]

TEXTS = [
    "The food was great, but we waited an hour for it.",
    "Ich liebe dieses Lied.",
    "¡Qué vergüenza! No vuelvo más a este hotel.",
    "मुझे यह फ़िल्म बिल्कुल पसंद नहीं आई।",
    "这家餐厅的服务员非常友好。",
    "أين أقرب محطة قطار؟",
    "ok",
    "Сегодня в городе ожидается сильный дождь, поэтому лучше взять с собой зонт и выйти из дома немного раньше обычного.",
]


def matrix(name):
    if name in tensors:
        return tensors[name].astype(np.float32)
    packed, scale = tensors[f"{name}.q4"], tensors[f"{name}.scale"].astype(np.float32)
    nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(packed.shape[0], -1).astype(np.float32) - 8
    return nibbles * np.repeat(scale, 32, axis=1)


def linear(x, name):
    return x @ matrix(f"{name}.weight").T + matrix(f"{name}.bias")


def normalise(x, name):
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
    return centred / deviation * matrix(f"{name}.weight") + matrix(f"{name}.bias")


def gelu(x):
    return (x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))).astype(np.float32)


def attention(x, at):
    def split(part):
        return linear(x, f"{at}.self.{part}").reshape(len(x), heads, -1).transpose(1, 0, 2)

    q, k, v = map(split, ["query", "key", "value"])
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (weights / weights.sum(-1, keepdims=True)) @ v
    return linear(mixed.transpose(1, 0, 2).reshape(x.shape), f"{at}.output.dense")


def encode(ids):
    embedded = table[ids] + matrix("embeddings.position_embeddings.weight")[: len(ids)]
    x = normalise(embedded + matrix("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
    states = [x]
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}"
        x = normalise(x + attention(x, f"{at}.attention"), f"{at}.attention.output.LayerNorm")
        wide = gelu(linear(x, f"{at}.intermediate.dense"))
        x = normalise(x + linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        states.append(x)
    return states


def rounded(values, digits):
    return [round(float(value), digits) for value in values]


table = matrix("embeddings.word_embeddings.weight")
answers = []
for text in TEXTS:
    ids = tokenizer.encode(text).ids
    states = encode(ids)
    norms = rounded([np.linalg.norm(state) for state in states], 4)
    answers.append(dict(text=text, ids=ids, pooled=rounded(states[-1].mean(0), 5), norms=norms))
(here / "answers.json").write_text(json.dumps(answers, ensure_ascii=False))
