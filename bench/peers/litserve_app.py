"""LitServe + onnxruntime + tokenizers, with its dynamic batching of single texts, two workers."""

import os

import litserve

from student import Student


class Api(litserve.LitAPI):
    def setup(self, device):
        self.student = Student()

    def decode_request(self, request):
        inputs = request["inputs"]
        return [inputs] if isinstance(inputs, str) else inputs

    def batch(self, requests):
        return requests

    def predict(self, requests):
        results = self.student.predict([text for texts in requests for text in texts])
        replies, at = [], 0
        for texts in requests:
            replies.append(results[at : at + len(texts)])
            at += len(texts)
        return replies

    def unbatch(self, replies):
        return replies

    def encode_response(self, results):
        return {"results": results}


if __name__ == "__main__":
    api = Api(max_batch_size=16, batch_timeout=0.001, api_path="/v1/sentiment")
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), num_api_servers=1, log_level="warning", generate_client_file=False)
