"""Writes tests/data/inspect/attention.safetensors: what PyTorch says about a vision transformer's attention.

    /usr/bin/python3 tests/reference/make_inspect_golden.py

Needs Debian's python3-torch. Stored are the parameters of vit(dim=12, depth=2, heads=3, patch=4) in sextant's layout, one
image, the attention of every head [blocks, heads, tokens, tokens] (held against torch.nn.MultiheadAttention here), the
mean distance of each head's attention in pixels, and the rollout: rows of (A + I) / 2, multiplied through the blocks.
tests/unit/test_inspect.c looks inside the same model.
"""
import os

import torch
import torch.nn.functional as F

from layers import write_safetensors

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "inspect")
DIM, DEPTH, HEADS, PATCH, SIDE, CLASSES = 12, 2, 3, 4, 16, 5
GRID = SIDE // PATCH
TOKENS = 1 + GRID * GRID


def parameters():
    sizes = {"patches.weight": (PATCH, PATCH, 3, DIM), "patches.bias": (DIM,), "class.weight": (1, 1, DIM),
             "position.weight": (1, TOKENS, DIM)}
    for block in range(1, DEPTH + 1):
        name = f"block{block}."
        for norm in ("norm1", "norm2"):
            sizes.update({name + norm + ".weight": (DIM,), name + norm + ".bias": (DIM,)})
        for part, a, b in (("attention.in", DIM, 3 * DIM), ("attention.out", DIM, DIM), ("mlp.in", DIM, 4 * DIM),
                           ("mlp.out", 4 * DIM, DIM)):
            sizes.update({name + part + ".weight": (a, b), name + part + ".bias": (b,)})
    sizes.update({"norm.weight": (DIM,), "norm.bias": (DIM,), "classifier.weight": (DIM, CLASSES), "classifier.bias": (CLASSES,)})
    # single precision, as they are stored
    return {name: (0.5 * torch.randn(size)).float().double() for name, size in sizes.items()}


def linear(p, name, x):
    return x @ p[name + ".weight"] + p[name + ".bias"]


def norm(p, name, x):
    return F.layer_norm(x, (DIM,), p[name + ".weight"], p[name + ".bias"], 1e-5)


def attend(p, name, x):
    q, k, v = (t.reshape(TOKENS, HEADS, DIM // HEADS).transpose(0, 1) for t in linear(p, name + ".in", x).split(DIM, 1))
    weights = (q @ k.transpose(1, 2) / (DIM // HEADS) ** 0.5).softmax(2)
    out = linear(p, name + ".out", (weights @ v).transpose(0, 1).reshape(TOKENS, DIM))
    theirs = torch.nn.MultiheadAttention(DIM, HEADS)
    theirs.in_proj_weight.data = p[name + ".in.weight"].T
    theirs.in_proj_bias.data = p[name + ".in.bias"]
    theirs.out_proj.weight.data = p[name + ".out.weight"].T
    theirs.out_proj.bias.data = p[name + ".out.bias"]
    expected, mean = theirs(x[:, None], x[:, None], x[:, None])
    assert torch.allclose(out, expected[:, 0]) and torch.allclose(weights.mean(0), mean[0])
    return out, weights


def attention_of(p, image):
    kernel = p["patches.weight"].permute(3, 2, 0, 1)
    patches = F.conv2d(image.permute(2, 0, 1)[None], kernel, p["patches.bias"], stride=PATCH)[0].flatten(1).T
    x = torch.cat([p["class.weight"][0], patches]) + p["position.weight"][0]
    found = []
    for block in range(1, DEPTH + 1):
        name = f"block{block}."
        out, weights = attend(p, name + "attention", norm(p, name + "norm1", x))
        found.append(weights)
        x = x + out
        x = x + linear(p, name + "mlp.out", F.gelu(linear(p, name + "mlp.in", norm(p, name + "norm2", x))))
    return torch.stack(found)


def distance_of(attention):
    at = torch.stack(torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij"), 2).reshape(-1, 2).double()
    apart = torch.cdist(at, at) * PATCH
    return (attention[:, :, 1:, 1:] * apart).sum(3).mean(2)


def rollout_of(attention):
    out = torch.eye(TOKENS)
    for block in attention.mean(1):
        out = (block + torch.eye(TOKENS)) / 2 @ out
    assert torch.allclose(out.sum(1), torch.ones(TOKENS))
    return out


p = parameters()
image = torch.randn(SIDE, SIDE, 3).float().double()
attention = attention_of(p, image)
os.makedirs(HERE, exist_ok=True)
write_safetensors(os.path.join(HERE, "attention.safetensors"),
                  {**p, "image": image, "attention": attention, "distance": distance_of(attention),
                   "rollout": rollout_of(attention)})
