"""Reads out of PyPI tokenizers which characters join their neighbours in a grapheme cluster, for src/text/grapheme-clusters.ts.

    python clusters.py ../../../models/teacher/tokenizer.json

A cluster of less than six bytes is replaced whole by the mapping of its shortest mapped prefix; so "e\u0301\u0302" (five
bytes) loses its last mark unless one more character makes the cluster too long to be looked up.
"""

import json
import pathlib
import sys

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
MARKED = "e\u0301\u0302"


def main(path):
    normalize = Tokenizer.from_file(path).normalizer.normalize_str
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    result = {
        "joiners": ranges(c for c in characters if normalize(MARKED + c).startswith(MARKED)),
        "prepends": ranges(c for c in characters if normalize(c + "e\u0301").endswith("e\u0301")),
    }
    (HERE / "clusters.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


def ranges(characters):
    """First and last code point of each run."""
    runs = []
    for c in map(ord, characters):
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return runs


if __name__ == "__main__":
    main(*sys.argv[1:])
