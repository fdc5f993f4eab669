"""tritonclient over HTTP against the Open Inference Protocol's routes, with tensors in JSON and in binary."""

import sys

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

url, key = sys.argv[1:]
headers = {"authorization": f"Bearer {key}"}
client = InferenceServerClient(url.removeprefix("http://"))

assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("sentiment", headers=headers)
assert not client.is_model_ready("nothing", headers=headers)
assert "sentiment" in client.get_server_metadata(headers=headers)["models"]
metadata = client.get_model_metadata("adequacy", headers=headers)
assert [tensor["name"] for tensor in metadata["inputs"]] == ["source", "target"]


def tensor(name, texts, binary):
    made = InferInput(name, [len(texts)], "BYTES")
    made.set_data_from_numpy(np.array([text.encode() for text in texts], dtype=object), binary_data=binary)
    return made


texts = ["I love this phone, it is fantastic!", "Das Essen war schrecklich und kalt."]
for binary in (False, True):
    for outputs in (None, [InferRequestedOutput("label"), InferRequestedOutput("score", binary_data=False)]):
        result = client.infer("sentiment", [tensor("text", texts, binary)], outputs=outputs, headers=headers)
        assert list(result.as_numpy("label")) == ["positive", "negative"], result.as_numpy("label")
        assert result.as_numpy("score").shape == (2,)
scores = client.infer("sentiment", [tensor("text", texts, True)], headers=headers).as_numpy("scores")
assert scores.shape == (2, 3) and np.allclose(scores.sum(axis=1), 1)

version = metadata["versions"][0]
pair = [tensor("source", ["Good morning."], True), tensor("target", ["Guten Morgen."], True)]
result = client.infer("adequacy", pair, model_version=version, request_id="7", headers=headers).get_response()
assert result["model_version"] == version and result["id"] == "7"


def refusal(model, inputs, more):
    try:
        client.infer(model, inputs, headers=more)
    except InferenceServerException as error:
        return error.status(), error.message()
    raise AssertionError("it was not refused")


assert refusal("nothing", pair, headers) == ("404", "no student covers nothing")
assert refusal("adequacy", pair[:1], headers)[0] == "400"
assert refusal("sentiment", pair, {})[0] == "401"
