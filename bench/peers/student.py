"""The student as Python programs would run it: texts padded to the longest of their batch, one thread a process."""

import json
import os
from pathlib import Path

import numpy
import onnxruntime
from tokenizers import Tokenizer

folder = Path(os.environ["STUDENT"])


class Student:
    def __init__(self):
        manifest = json.loads((folder / "manifest.json").read_text())
        task = next(task for task in manifest["tasks"] if task["name"] == "sentiment")
        self.labels, self.temperature = task["labels"], task["temperature"]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(manifest["maxTokens"])
        self.tokenizer.enable_padding(pad_id=self.tokenizer.token_to_id("<pad>"), pad_token="<pad>")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def predict(self, texts):
        encodings = self.tokenizer.encode_batch(texts)
        ids = numpy.array([encoding.ids for encoding in encodings], dtype=numpy.int32)
        mask = numpy.array([encoding.attention_mask for encoding in encodings], dtype=numpy.float32)
        (logits,) = self.session.run(["logits_sentiment"], {"ids": ids, "mask": mask})
        powers = numpy.exp((logits - logits.max(axis=1, keepdims=True)) / self.temperature)
        return [self.to_result(row) for row in (powers / powers.sum(axis=1, keepdims=True)).tolist()]

    def to_result(self, row):
        score = max(row)
        return {"label": self.labels[row.index(score)], "score": score, "scores": dict(zip(self.labels, row))}
