"""Writes tests/data/train/optimizers.csv: what PyTorch's optimisers do to eight values, step by step.

    /usr/bin/python3 tests/reference/make_optimizer_golden.py

Needs Debian's python3-torch. A row is a value at a step (from 1): its gradient, the learning rate,
and for each case the value and the optimiser's state afterwards. Row 0 has the starting values. The
last three values have no weight decay. tests/unit/test_train.c has the same cases.
"""
import os

import torch

torch.manual_seed(3)
VALUES, DECAYED, STEPS = 8, 5, 6
RATES = [0.1, 0.1, 0.05, 0.2, 0.01, 0.1]
start = torch.randn(VALUES)
gradients = torch.randn(STEPS, VALUES) * torch.tensor([1, 1e-6, 10, 1e-3, 1, 1, 100, 1e-4])
gradients[2] = 0
gradients[:, 4] = 0

class Lars(torch.optim.Optimizer):
    """arXiv 1708.03888, algorithm 1; a group without weight decay moves by the plain rate."""

    def __init__(self, params, lr, momentum, weight_decay, trust):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, trust=trust))

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                w, g, decay = p.detach(), p.grad, group["weight_decay"]
                local = 1.0
                if decay and w.norm() > 0 and g.norm() > 0:
                    local = group["trust"] * w.norm() / (g.norm() + decay * w.norm() + 1e-9)
                buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(w))
                buffer.mul_(group["momentum"]).add_(group["lr"] * local * (g + decay * w))
                with torch.no_grad():
                    p.sub_(buffer)


CASES = {
    "sgd": (torch.optim.SGD, dict(momentum=0, weight_decay=0)),
    "momentum": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.01)),
    "nesterov": (torch.optim.SGD, dict(momentum=0.8, weight_decay=0.01, nesterov=True)),
    "adam": (torch.optim.Adam, dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0)),
    "adam_decay": (torch.optim.Adam, dict(betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1)),
    "adamw": (torch.optim.AdamW, dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.3)),
    "rmsprop": (torch.optim.RMSprop, dict(alpha=0.99, eps=1e-8, weight_decay=0)),
    "rmsprop_centred": (torch.optim.RMSprop, dict(alpha=0.9, eps=1e-3, weight_decay=0.1, momentum=0.5, centered=True)),
    "lars": (Lars, dict(momentum=0.8, weight_decay=0.05, trust=0.02)),
    "clip_norm": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0)),
    "clip_value": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0)),
}
STATES = {"sgd": [], "momentum": ["momentum_buffer"], "nesterov": ["momentum_buffer"], "lars": ["momentum_buffer"],
          "rmsprop": ["square_avg"], "rmsprop_centred": ["square_avg", "grad_avg", "momentum_buffer"],
          "clip_norm": ["momentum_buffer"], "clip_value": ["momentum_buffer"]}
CLIPS = {"clip_norm": lambda p: torch.nn.utils.clip_grad_norm_(p, 0.7),
         "clip_value": lambda p: torch.nn.utils.clip_grad_value_(p, 0.3)}


def run(name):
    """[STEPS][VALUES] lists of (value, states ...)."""
    kind, options = CASES[name]
    names = STATES.get(name, ["exp_avg", "exp_avg_sq"])
    parts = [torch.nn.Parameter(start[:DECAYED].clone()), torch.nn.Parameter(start[DECAYED:].clone())]
    free = dict(params=[parts[1]], weight_decay=0)
    optimizer = kind([dict(params=[parts[0]]), free], lr=1, **options)
    rows = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATES[step]
        parts[0].grad = gradients[step, :DECAYED].clone()
        parts[1].grad = gradients[step, DECAYED:].clone()
        if name in CLIPS:
            CLIPS[name](parts)
        optimizer.step()
        columns = [torch.cat([p.detach() for p in parts])]
        columns += [torch.cat([optimizer.state[p][n] for p in parts]) for n in names]
        rows.append([[c[i].item() for c in columns] for i in range(VALUES)])
    return names, rows


results = {name: run(name) for name in CASES}
header = ["step", "value", "rate", "gradient"]
for name, (states, _) in results.items():
    header += [name] + [f"{name}.{s}" for s in range(len(states))]
path = os.path.join(os.path.dirname(__file__), "..", "data", "train", "optimizers.csv")
with open(path, "w") as file:
    print(",".join(header), file=file)
    for i in range(VALUES):
        row = [0, i, 0, 0]
        for states, _ in results.values():
            row += [start[i].item()] + [0] * len(states)
        print(",".join(f"{v:.9g}" for v in row), file=file)
    for step in range(STEPS):
        for i in range(VALUES):
            row = [step + 1, i, RATES[step], gradients[step, i].item()]
            for _, rows in results.values():
                row += rows[step][i]
            print(",".join(f"{v:.9g}" for v in row), file=file)
