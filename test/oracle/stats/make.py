"""Answers of scikit-learn, NumPy and SciPy, for test/src/stats.test.ts. Needs all three; writes answers.json beside itself."""

import json
import pathlib

import numpy
from scipy.special import softmax
from scipy.stats import pearsonr
from sklearn.metrics import accuracy_score, f1_score

random = numpy.random.default_rng(1)


def labels(classes, rows):
    return random.integers(0, classes, rows).tolist()


def classified(truth, predicted):
    f1 = f1_score(truth, predicted, average="macro")
    return {"truth": truth, "predicted": predicted, "macroF1": f1, "accuracy": accuracy_score(truth, predicted)}


def numbers(rows):
    return random.normal(size=rows).round(4).tolist()


def correlated(a, b):
    return {"a": a, "b": b, "pearson": pearsonr(a, b)[0]}


values = numbers(17)
logits = [numbers(5), [1e4, -1e4, 9999.5], [-1e4, -1e4 + 1]]
answers = {
    # Three classes; one that nobody predicted; one that only occurs in predictions; a single class.
    "classified": [
        classified(labels(3, 40), labels(3, 40)),
        classified([0, 0, 1, 2, 2], [0, 0, 1, 1, 1]),
        classified([0, 0, 1, 1], [0, 3, 1, 1]),
        classified([1, 1], [1, 1]),
    ],
    "correlated": [correlated(numbers(30), numbers(30)), correlated([1, 2, 3, 4], [2, 1, 4, 8])],
    "values": values,
    "mean": numpy.mean(values),
    "variance": numpy.var(values, ddof=1),
    "quantiles": [[q, numpy.quantile(values, q)] for q in (0, 0.05, 0.5, 0.95, 0.99, 1)],
    "softmax": [[row, t, softmax(numpy.array(row) / t).tolist()] for row in logits for t in (1, 2.5)],
}
pathlib.Path(__file__).with_name("answers.json").write_text(json.dumps(answers) + "\n")
