"""
A whole student in PyTorch, written from the definition of a post-norm BERT encoder and knowing nothing of ours: losses and
gradients of a task and of a distillation, and the weights after three steps of AdamW that take turns between the two. For
test/search/student/trainer.test.ts. Needs torch; writes answers.json beside itself.

Names and layouts are ours (matrices [inputs, outputs]; query, key and value side by side), so that answers compare by name.
Every row of the token table is a parameter of its own, since rows that a batch does not touch stay as they are.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(11)
LAYERS, HIDDEN, HEADS, FFN, WIDTH, VOCABULARY, POSITIONS, TEACHER, LABELS = 2, 8, 4, 12, 4, 14, 6, 6, 3
EPSILON, PAD, CLIP, DECAY, RATE, HEAD_RATE = 1e-5, 0, 1.0, 0.01, 0.01, 5
SEQUENCES = [[1, 2, 9, 4, 5], [6, 7, 8], [1, 9, 3, 10], [6, 11]]
MAPS = [("1", "1"), ("1", "2"), ("2", "2"), ("pooled", "pooled")]
STEPS = ["task", "distil", "task"]


def shapes():
    out = {"position": (POSITIONS, WIDTH), "project.weight": (WIDTH, HIDDEN)}
    norm(out, "embedNorm")
    for i in range(LAYERS):
        at = f"layer.{i}"
        linear(out, f"{at}.qkv", HIDDEN, 3 * HIDDEN)
        linear(out, f"{at}.out", HIDDEN, HIDDEN)
        norm(out, f"{at}.norm1")
        linear(out, f"{at}.up", HIDDEN, FFN)
        linear(out, f"{at}.down", FFN, HIDDEN)
        norm(out, f"{at}.norm2")
    linear(out, "head.task.dense", HIDDEN, HIDDEN)
    linear(out, "head.task.out", HIDDEN, LABELS)
    for student, teacher in MAPS:
        linear(out, f"map.{student}.{teacher}", HIDDEN, TEACHER)
    return out


def linear(out, name, inputs, outputs):
    out[f"{name}.weight"] = (inputs, outputs)
    out[f"{name}.bias"] = (outputs,)


def norm(out, name):
    out[f"{name}.gamma"] = (HIDDEN,)
    out[f"{name}.beta"] = (HIDDEN,)


def fresh(name, shape):
    values = torch.randn(shape) * (0.5 if len(shape) == 2 else 0.2)
    return torch.nn.Parameter(values + 1 if name.endswith("gamma") else values)


weights = {name: fresh(name, shape) for name, shape in shapes().items()}
rows = [torch.nn.Parameter(torch.randn(WIDTH)) for _ in range(VOCABULARY)]

tokens = max(map(len, SEQUENCES))
ids = torch.tensor([s + [PAD] * (tokens - len(s)) for s in SEQUENCES])
mask = torch.tensor([[1.0] * len(s) + [0.0] * (tokens - len(s)) for s in SEQUENCES])
target = torch.softmax(torch.randn(len(SEQUENCES), LABELS), dim=1)
weight = torch.tensor([0.4, 0.3, 0.2, 0.1])
states = {layer: torch.randn(len(SEQUENCES), tokens, TEACHER) for layer in ("1", "2")}
states["pooled"] = torch.randn(len(SEQUENCES), TEACHER)


def apply(x, name):
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def normalise(x, name):
    return F.layer_norm(x, (HIDDEN,), weights[f"{name}.gamma"], weights[f"{name}.beta"], EPSILON)


def attention(x, at):
    def split(part):
        return part.reshape(*part.shape[:2], HEADS, HIDDEN // HEADS).transpose(1, 2)

    q, k, v = map(split, apply(x, f"{at}.qkv").split(HIDDEN, dim=-1))
    scores = q @ k.transpose(-1, -2) / (HIDDEN // HEADS) ** 0.5
    scores = scores.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
    mixed = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(x.shape)
    return apply(mixed, f"{at}.out")


def encode():
    embedded = torch.stack(rows)[ids]
    x = normalise((embedded + weights["position"][:tokens]) @ weights["project.weight"], "embedNorm")
    hidden = {"0": x}
    for i in range(LAYERS):
        at = f"layer.{i}"
        x = normalise(x + attention(x, at), f"{at}.norm1")
        x = normalise(x + apply(F.gelu(apply(x, f"{at}.up")), f"{at}.down"), f"{at}.norm2")
        hidden[str(i + 1)] = x
    hidden["pooled"] = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    return hidden


def task_loss(hidden):
    logits = apply(F.relu(apply(hidden["pooled"], "head.task.dense")), "head.task.out")
    return -(weight[:, None] * target * torch.log_softmax(logits, dim=1)).sum()


def distil_loss(hidden):
    total = 0
    for student, teacher in MAPS:
        error = ((apply(hidden[student], f"map.{student}.{teacher}") - states[teacher]) ** 2).mean(-1)
        total = total + (error.mean() if teacher == "pooled" else (error * mask).sum() / mask.sum())
    return total / len(MAPS)


def backward(objective):
    """The loss; gradients are left in place, None where the objective or the batch does not touch a parameter."""
    for parameter in [*weights.values(), *rows]:
        parameter.grad = None
    loss = (task_loss if objective == "task" else distil_loss)(encode())
    loss.backward()
    touched = set(ids.flatten().tolist())
    for row, parameter in enumerate(rows):
        if row not in touched:
            parameter.grad = None
    return loss.item()


def gradients(objective):
    loss = backward(objective)
    named = {name: w.grad.flatten().tolist() for name, w in weights.items() if w.grad is not None}
    table = [x for row in rows for x in (torch.zeros(WIDTH) if row.grad is None else row.grad).tolist()]
    return dict(loss=loss, gradients={**named, "table": table})


def group(names, rate, decay):
    return dict(params=[weights[n] for n in names], lr=rate, weight_decay=decay)


def train():
    own = [n for n in weights if n.startswith(("head.", "map."))]
    encoder = [n for n in weights if n not in own]
    matrix = lambda n: weights[n].dim() == 2 and n != "position"
    optimiser = torch.optim.AdamW(
        [
            group([n for n in encoder if matrix(n)], RATE, DECAY),
            group([n for n in encoder if not matrix(n)], RATE, 0),
            group([n for n in own if matrix(n)], RATE * HEAD_RATE, DECAY),
            group([n for n in own if not matrix(n)], RATE * HEAD_RATE, 0),
            dict(params=rows, lr=RATE, weight_decay=0),
        ]
    )
    steps = []
    for objective in STEPS:
        loss = backward(objective)
        norm = torch.nn.utils.clip_grad_norm_([p for p in [*weights.values(), *rows] if p.grad is not None], CLIP)
        optimiser.step()
        steps.append(dict(objective=objective, loss=loss, gradientNorm=norm.item()))
    return steps


def flat(tensors):
    return {name: value.detach().flatten().tolist() for name, value in tensors.items()}


def everything():
    return flat({**weights, "table": torch.stack(rows)})


answers = dict(
    torch=torch.__version__,
    architecture=dict(
        layers=LAYERS,
        hidden=HIDDEN,
        heads=HEADS,
        ffn=FFN,
        activation="gelu",
        tableWidth=WIDTH,
        vocabulary=VOCABULARY,
    ),
    settings=dict(
        positions=POSITIONS,
        epsilon=EPSILON,
        padId=PAD,
        clipNorm=CLIP,
        weightDecay=DECAY,
        learningRate=RATE,
        headRate=HEAD_RATE,
        teacherHidden=TEACHER,
        labels=LABELS,
        maps=MAPS,
    ),
    sequences=SEQUENCES,
    targets=dict(target=target.flatten().tolist(), weight=weight.tolist(), states=flat(states)),
    initial=everything(),
    task=gradients("task"),
    distil=gradients("distil"),
    steps=train(),
    final=everything(),
)
rounded = json.loads(json.dumps(answers), parse_float=lambda text: float(f"{float(text):.7g}"))
pathlib.Path(__file__).with_name("answers.json").write_text(json.dumps(rounded))
