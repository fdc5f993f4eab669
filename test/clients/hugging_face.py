"""InferenceClient.text_classification of huggingface_hub against /models/<task>, and a plain call of TEI's /predict."""

import json
import sys
from urllib.request import Request, urlopen

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

url, key = sys.argv[1:]
text = "I love this phone, it is fantastic!"


def client(model):
    return InferenceClient(model=f"{url}/models/{model}", token=key)


best, *others = client("sentiment").text_classification(text)
assert best.label == "positive" and len(others) == 2
assert [one.label for one in client("sentiment").text_classification(text, top_k=1)] == ["positive"]
try:
    client("nothing").text_classification(text)
    raise AssertionError("it was not refused")
except HfHubHTTPError as error:
    assert error.response.status_code == 404

body = json.dumps({"inputs": [[text], ["What a bad day."]]}).encode()
request = Request(f"{url}/predict", data=body, headers={"authorization": f"Bearer {key}"})
first, second = json.loads(urlopen(request).read())
assert first[0]["label"] == "positive" and len(second) == 3
assert abs(first[0]["score"] - best.score) < 1e-4
