"""Writes tests/data/graph/golden.safetensors: a small network, its predictions, and three steps of
gradient descent as PyTorch computes them, in double precision, stored in single.

    /usr/bin/python3 tests/reference/make_graph_golden.py

Needs Debian's python3-torch. Layouts are sextant's: images [batch, height, width, channels],
convolutions [kernel height, kernel width, in, out], dense layers [in, out].
tests/unit/test_graph_golden.c builds the same network.
"""
import json
import os
import struct

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
BATCH, SIDE, CLASSES, STEPS, RATE = 12, 11, 5, 3, 0.1


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.n = torch.nn.BatchNorm2d(6)
        self.b = torch.nn.Conv2d(6, 10, 5, stride=2, padding=2)
        self.c = torch.nn.Conv2d(6, 10, 1, stride=2)
        self.m = torch.nn.BatchNorm2d(10)
        self.d = torch.nn.Linear(3 * 3 * 10, 16)
        self.e = torch.nn.Linear(10, 16)
        self.end = torch.nn.Linear(16, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.n(self.a(x))), 2, 2)
        x = F.relu(self.m(self.b(x) + self.c(x)))
        flat = F.avg_pool2d(x, 1, 1).permute(0, 2, 3, 1).flatten(1)
        whole = x.mean(dim=(2, 3))
        return self.end(F.relu(self.d(flat) + self.e(whole)))


def ours(name, value):
    """The tensor in sextant's layout, single precision."""
    if value.dim() == 4 and name != "images":
        value = value.permute(2, 3, 1, 0)
    elif value.dim() == 4:
        value = value.permute(0, 2, 3, 1)
    elif value.dim() == 2 and name.endswith(".weight"):
        value = value.t()
    return value.detach().to(torch.float32).contiguous()


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, value in tensors.items():
        data = value.numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def state(network, prefix, out):
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            out[prefix + name] = ours(name, value)


network = Network()
with torch.no_grad():
    for name, value in network.named_parameters():
        if value.dim() == 1:
            value.add_(torch.rand_like(value) * 0.5)
    for value in network.state_dict().values():
        value.copy_(value.to(torch.float32))
images = torch.randn(BATCH, 3, SIDE, SIDE).to(torch.float32).to(torch.float64)
labels = torch.randint(0, CLASSES, (BATCH,))

out = {"images": ours("images", images), "labels": labels.to(torch.float32)}
state(network, "start/", out)
network.eval()
out["logits/start"] = ours("logits", network(images))
network.train()
losses, right = [], []
for step in range(STEPS):
    network.zero_grad()
    logits = network(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    losses.append(loss.item())
    right.append(int((logits.argmax(1) == labels).sum()))
    with torch.no_grad():
        for name, value in network.named_parameters():
            if step == 0:
                out["gradient/" + name] = ours(name, value.grad)
            value.sub_(value.grad * RATE)
state(network, "after/", out)
out["losses"] = torch.tensor(losses, dtype=torch.float32)
out["right"] = torch.tensor(right, dtype=torch.float32)
network.eval()
out["logits/after"] = ours("logits", network(images))
here = os.path.dirname(os.path.abspath(__file__))
write_safetensors(os.path.join(here, "..", "data", "graph", "golden.safetensors"), out)
