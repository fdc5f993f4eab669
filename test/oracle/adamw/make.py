"""Answers of PyTorch's AdamW and clip_grad_norm_, for test/search/graph. Needs torch; writes answers.json beside itself."""

import json
import pathlib

import torch

torch.manual_seed(7)
STEPS = 6


def dense():
    """Three parameters with their own settings, clipped together."""
    settings = {
        "matrix": dict(shape=35, decay=True, lrScale=1),
        "bias": dict(shape=5, decay=False, lrScale=1),
        "head": dict(shape=18, decay=True, lrScale=5),
    }
    values = {name: torch.nn.Parameter(torch.randn(s["shape"])) for name, s in settings.items()}
    initial = {name: value.tolist() for name, value in values.items()}
    optimiser = torch.optim.AdamW(
        [
            dict(params=[values[n]], weight_decay=0.1 if s["decay"] else 0.0, scale=s["lrScale"])
            for n, s in settings.items()
        ]
    )
    steps = []
    for step in range(STEPS):
        learning_rate = 0.01 * (step + 1)
        gradients = {name: torch.randn(s["shape"]) * (0.02 if step % 2 else 1) for name, s in settings.items()}
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * group["scale"]
        for name, value in values.items():
            value.grad = gradients[name].clone()
        norm = torch.nn.utils.clip_grad_norm_(values.values(), 1.0)
        optimiser.step()
        steps.append(
            dict(
                learningRate=learning_rate,
                gradients={n: g.tolist() for n, g in gradients.items()},
                gradientNorm=norm.item(),
                expected={n: v.tolist() for n, v in values.items()},
            )
        )
    parameters = [dict(name=n, length=s["shape"], decay=s["decay"], lrScale=s["lrScale"]) for n, s in settings.items()]
    return dict(parameters=parameters, weightDecay=0.1, clipNorm=1.0, initial=initial, steps=steps)


def rows(count=6, width=8):
    """A table whose rows are parameters of their own; a row without a gradient is left alone."""
    table = [torch.nn.Parameter(torch.randn(width)) for _ in range(count)]
    initial = [row.tolist() for row in table]
    optimiser = torch.optim.AdamW(table, lr=0.05, weight_decay=0.02)
    steps = []
    for step in range(STEPS):
        ids = torch.randint(0, count - 1, (4,)).tolist()  # ids repeat; the last row is never touched
        gradient = torch.randn(len(ids), width)
        optimiser.zero_grad(set_to_none=True)
        for row, part in zip(ids, gradient):
            table[row].grad = part.clone() if table[row].grad is None else table[row].grad + part
        optimiser.step()
        steps.append(dict(ids=ids, gradient=gradient.flatten().tolist(), expected=[r.tolist() for r in table]))
    return dict(rows=count, width=width, learningRate=0.05, weightDecay=0.02, initial=initial, steps=steps)


answers = dict(torch=torch.__version__, dense=dense(), rows=rows())
rounded = json.loads(json.dumps(answers), parse_float=lambda text: float(f"{float(text):.8g}"))
pathlib.Path(__file__).with_name("answers.json").write_text(json.dumps(rounded))
