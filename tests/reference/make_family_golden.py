"""Writes tests/data/families/*.safetensors: twenty training steps of small models by PyTorch.

    /usr/bin/python3 tests/reference/make_family_golden.py

Needs Debian's python3-torch. Stored are the starting parameters in sextant's layout, images and
labels, the gradients of the first step, the losses of all, and parameters and optimiser state after each of
the first four, in double precision, stored in single.
The transformer's block is held against torch.nn.TransformerEncoderLayer here, too.
tests/unit/test_family_golden.c trains the same models.
"""
import os

import torch
import torch.nn.functional as F

from layers import Interpreter, contrastive, write_safetensors

torch.set_default_dtype(torch.float64)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "families")
BATCH, STEPS, CLASSES, RESTARTS = 8, 20, 5, 4


def mlp():
    return {"layer1": dict(layer="dense", units=12), "relu1": dict(layer="relu"),
            "layer2": dict(layer="dense", units=12), "relu2": dict(layer="relu")}


def normed(prefix, **options):
    return {prefix + ".conv": dict(layer="convolution", bias="no", **options), prefix + ".norm": dict(layer="batch_norm")}


def cnn():
    sections = {}
    for block in (1, 2):
        sections.update(normed(f"block{block}", channels=3 << block, kernel=3))
        sections[f"relu{block}"] = dict(layer="relu")
        sections[f"pool{block}"] = dict(layer="max_pool")
    sections["mean"] = dict(layer="global_average_pool")
    return sections


def resnet():
    sections = {**normed("stem", channels=4, kernel=3), "on": dict(layer="relu")}
    before = "on"
    for stage in (1, 2, 3):
        name, stride, channels = f"stage{stage}.block1", 1 if stage == 1 else 2, 2 << stage
        sections.update(normed(name + ".a", channels=channels, kernel=3, stride=stride, padding=1, inputs=before))
        sections[name + ".relu"] = dict(layer="relu")
        sections.update(normed(name + ".b", channels=channels, kernel=3))
        if stage > 1:
            sections.update(normed(name + ".shortcut", channels=channels, kernel=1, stride=2, padding=0, inputs=before))
            before = name + ".shortcut.norm"
        sections[name + ".sum"] = dict(layer="add", inputs=f"{name}.b.norm, {before}")
        sections[name + ".on"] = dict(layer="relu")
        before = name + ".on"
    sections["mean"] = dict(layer="global_average_pool")
    return sections


def blocks(dim, depth, heads, before, prefix="", gelu="erf", causal="no"):
    sections = {}
    for block in range(1, depth + 1):
        name = f"{prefix}block{block}."
        sections.update({
            name + "norm1": dict(layer="layer_norm", inputs=before),
            name + "attention.in": dict(layer="linear", units=3 * dim),
            name + "attention": dict(layer="attention", heads=heads, causal=causal),
            name + "attention.out": dict(layer="linear", units=dim),
            name + "sum1": dict(layer="add", inputs=f"{before}, {name}attention.out"),
            name + "norm2": dict(layer="layer_norm"),
            name + "mlp.in": dict(layer="linear", units=4 * dim),
            name + "gelu": dict(layer="gelu", form=gelu),
            name + "mlp.out": dict(layer="linear", units=dim),
            name + "sum2": dict(layer="add", inputs=f"{name}sum1, {name}mlp.out")})
        before = name + "sum2"
    return sections


def vit(dim=8, depth=2, heads=2):
    sections = {"patches": dict(layer="convolution", channels=dim, kernel=4, stride=4, padding=0),
                "class": dict(layer="class_token"), "position": dict(layer="position")}
    sections.update(blocks(dim, depth, heads, "position"))
    sections["first"] = dict(layer="slice", axis="width", count=1)
    sections["norm"] = dict(layer="layer_norm")
    return sections


def clip(dim=8, width=12, embed=6, vocabulary=9, context=5):
    """An image tower of two blocks, a text tower of one."""
    sections = {"patches": dict(layer="convolution", channels=dim, kernel=4, stride=4, padding=0, bias="no"),
                "class": dict(layer="class_token"), "position": dict(layer="position"),
                "first_norm": dict(layer="layer_norm")}
    sections.update(blocks(dim, 2, 2, "first_norm", gelu="quick"))
    sections.update({
        "first": dict(layer="slice", axis="width", count=1), "norm": dict(layer="layer_norm"),
        "projection": dict(layer="linear", units=embed, bias="no"), "unit": dict(layer="l2_normalise"),
        "scale": dict(layer="learned_scale"),
        "head": dict(layer="linear", units=CLASSES, bias="no", trained="no"),
        "text.ids": dict(layer="targets", length=context, inputs=""),
        "text.token": dict(layer="embedding", entries=vocabulary, channels=width),
        "text.position": dict(layer="position")})
    sections.update(blocks(width, 1, 3, "text.position", "text.", "quick", "yes"))
    sections.update({
        "text.end": dict(layer="end_token", inputs="text.block1.sum2, text.ids"),
        "text.norm": dict(layer="layer_norm"),
        "text.projection": dict(layer="linear", units=embed, bias="no"), "text.unit": dict(layer="l2_normalise")})
    return sections


def check_block():
    """One block against PyTorch's own module."""
    dim, heads = 8, 2
    whole = vit(dim, 1, heads)
    block = {name: options for name, options in whole.items() if name.startswith("block1.")}
    block["block1.norm1"] = dict(layer="layer_norm")
    block["block1.sum1"] = dict(layer="add", inputs="image, block1.attention.out")
    parameters = {}
    x = torch.randn(3, 1, 5, dim)
    ours = Interpreter(block, False, parameters).run(x)[:, 0]
    module = torch.nn.TransformerEncoderLayer(dim, heads, 4 * dim, 0.0, F.gelu, batch_first=True, norm_first=True)
    names = {"self_attn.in_proj_": "attention.in.", "self_attn.out_proj.": "attention.out.", "linear1.": "mlp.in.",
             "linear2.": "mlp.out.", "norm1.": "norm1.", "norm2.": "norm2."}
    with torch.no_grad():
        for name, value in module.named_parameters():
            for theirs, own in names.items():
                if name.startswith(theirs):
                    own = parameters["block1." + own + name[len(theirs):]]
                    value.copy_(own.t() if own.dim() == 2 else own)
    assert torch.allclose(ours, module(x[:, 0]), atol=1e-10)


def state_of(optimizer, value):
    state = optimizer.state.get(value, {})
    return [state[n] for n in ("momentum_buffer", "exp_avg", "exp_avg_sq") if n in state]


def captions(sections):
    """Token ids: words, then the end token, the largest, then padding; None for what reads no text."""
    if "text.ids" not in sections:
        return None
    length, end = sections["text.ids"]["length"], sections["text.token"]["entries"] - 1
    ids = torch.randint(1, end, (BATCH, length))
    for row, at in enumerate(torch.randint(1, length, (BATCH,)).tolist()):
        ids[row, at], ids[row, at + 1:] = end, 0
    return ids.to(torch.float64)


def make(name, sections, side, make_optimizer):
    torch.manual_seed(len(name))
    targets = captions(sections)
    if targets is None:
        sections = {**sections, "classifier": dict(layer="dense", units=CLASSES)}
    images = torch.randn(BATCH, side, side, 3).to(torch.float32).to(torch.float64)
    labels = torch.arange(BATCH) % CLASSES
    parameters = {}
    Interpreter(sections, True, parameters, targets=targets).run(images)
    out = {"images": images, "labels": labels.to(torch.float64)}
    if targets is not None:
        out["targets"] = targets
    with torch.no_grad():
        for key, value in parameters.items():
            if not key.endswith(("norm.weight", "norm1.weight", "norm2.weight", "running_var")):
                value.mul_(0.4).copy_(value.to(torch.float32))
            out["start/" + key] = value.clone()
    trained = [p for p in parameters.values() if p.requires_grad]
    optimizer = make_optimizer(trained)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        network = Interpreter(sections, True, parameters, statistics=True, targets=targets)
        logits = network.run(images)
        if targets is None:
            loss = F.cross_entropy(logits.flatten(1), labels)
        else:
            loss = contrastive(network.values["scale"], network.values["text.unit"])
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            for key, value in parameters.items():
                if value.requires_grad:
                    out["gradient/" + key] = value.grad.clone()
        optimizer.step()
        if step < RESTARTS:
            for key, value in parameters.items():
                out[f"after{step + 1}/{key}"] = value.detach().clone()
                for n, state in enumerate(state_of(optimizer, value)):
                    out[f"after{step + 1}/state{n}/{key}"] = state.clone()
    out["losses"] = torch.tensor(losses)
    write_safetensors(os.path.join(HERE, name + ".safetensors"), out)


os.makedirs(HERE, exist_ok=True)
check_block()
make("mlp", mlp(), 4, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9))
make("cnn", cnn(), 12, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9))
make("resnet", resnet(), 8, lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9))
make("vit", vit(), 8, lambda p: torch.optim.AdamW(p, lr=0.002, weight_decay=0))
make("clip", clip(), 8, lambda p: torch.optim.AdamW(p, lr=0.002, weight_decay=0))
