"""The training step of bench/train.ts in PyTorch, eager fp32 on the CPU: embedded tokens with a gradient -> post-LN encoder ->
every layer's states through a linear map onto a random target, mean squared error -> backward -> clipping -> AdamW.

Reads one JSON order a line (an architecture and a number of steps) and answers with the seconds that the steps took."""

import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}")


class Layer(nn.Module):
    def __init__(self, hidden, heads, ffn):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.up, self.down = nn.Linear(hidden, ffn), nn.Linear(ffn, hidden)
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)

    def forward(self, x, bias):
        batch, tokens, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.norm1(x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, hidden)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Student(nn.Module):
    def __init__(self, layers, hidden, heads, ffn, positions, target):
        super().__init__()
        self.position = nn.Parameter(torch.randn(positions, hidden) * 0.02)
        self.norm = nn.LayerNorm(hidden)
        self.layers = nn.ModuleList(Layer(hidden, heads, ffn) for _ in range(layers))
        self.maps = nn.ModuleList(nn.Linear(hidden, target) for _ in range(layers))

    def forward(self, embedded, bias, weight, targets):
        x = self.norm(embedded + self.position[: embedded.shape[1]])
        loss = 0.0
        for layer, mapping, target in zip(self.layers, self.maps, targets):
            x = layer(x, bias)
            loss = loss + ((mapping(x) - target).square().mean(-1) * weight).sum() / len(self.layers)
        return loss


class Run:
    """One student with its optimiser and its batch."""

    def __init__(self, order):
        torch.manual_seed(0)
        rows, tokens, target = order["rows"], order["tokens"], order["target"]
        shape = {name: order[name] for name in ("layers", "hidden", "heads", "ffn", "positions", "target")}
        self.student = Student(**shape)
        decayed = [p for p in self.student.parameters() if p.dim() == 2]
        others = [p for p in self.student.parameters() if p.dim() != 2]
        groups = [dict(params=decayed, weight_decay=0.01), dict(params=others, weight_decay=0.0)]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-4, fused=True)
        self.embedded = torch.randn(rows, tokens, order["hidden"]).requires_grad_()
        self.bias = torch.zeros(rows, 1, 1, tokens)
        self.weight = torch.full((rows, tokens), 1 / (rows * tokens))
        self.targets = [torch.randn(rows, tokens, target) for _ in range(order["layers"])]

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        self.embedded.grad = None
        loss = self.student(self.embedded, self.bias, self.weight, self.targets)
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimiser.step()
        return loss.item()


def main():
    runs = {}
    print(json.dumps(dict(torch=torch.__version__)), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        torch.set_num_threads(order["threads"])
        if order["name"] not in runs:
            runs[order["name"]] = Run(order)
        run = runs[order["name"]]
        start = time.perf_counter()
        for _ in range(order["steps"]):
            loss = run.step()
        print(json.dumps(dict(seconds=time.perf_counter() - start, loss=loss)), flush=True)


main()
