"""Writes tests/data/operators/*.safetensors: what PyTorch makes of every *.ini file beside them.

    /usr/bin/python3 tests/reference/make_operator_golden.py [NAME ...]

Needs Debian's python3-torch. An .ini file is a model as sextant reads it; its first comment says the
input: "; input = batch x height x width x channels". Every layer is run by PyTorch's operator of that
kind, in double precision, from parameters rounded to single; stored are the parameters, the input,
the targets, the output in training and in prediction, the loss and every gradient. Layouts are
sextant's. tests/unit/test_operator_golden.c reads the same files.
"""
import configparser
import glob
import os
import re
import sys
import zlib

import torch
import torch.nn.functional as F

from layers import Interpreter, contrastive, write_safetensors

torch.set_default_dtype(torch.float64)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "operators")


def loss_of(spec, output, labels, targets):
    """The loss that [model] names, from labels or, for losses of values, targets."""
    name, _, rest = spec.partition("(")
    options = dict(part.split("=") for part in re.sub(r"[) ]", "", rest).split(",") if part)
    if name == "softmax_cross_entropy":
        smoothing = float(options.get("smoothing", 0))
        return F.cross_entropy(output.flatten(1), labels if targets is None else targets.flatten(1),
                               label_smoothing=smoothing)
    if name == "mean_squared_error":
        return F.mse_loss(output, targets)
    if name == "huber":
        return F.huber_loss(output, targets, delta=float(options.get("delta", 1)))
    return F.binary_cross_entropy_with_logits(output, targets)


def make(path):
    name = os.path.splitext(os.path.basename(path))[0]
    torch.manual_seed(zlib.crc32(name.encode()))
    with open(path) as file:
        first_line = file.readline()
    shape = [int(n) for n in re.match(r"; input = (\d+) x (\d+) x (\d+) x (\d+)", first_line).groups()]
    image = torch.randn(shape)
    if "whole numbers" in first_line:
        image = torch.randint(-1, 8, shape).to(torch.float64)
    if "positive" in first_line:
        image = image.abs() + 0.2
    image = image.to(torch.float32).to(torch.float64)
    file = configparser.ConfigParser(comment_prefixes=(";", "#"), inline_comment_prefixes=(";",))
    file.read(path)
    spec = file.get("model", "loss", fallback="softmax_cross_entropy")
    sections = {name: dict(file[name]) for name in file.sections() if name != "model"}
    parameters = {}
    labels = targets = None
    for section in sections.values():
        if section["layer"] == "targets":
            targets = torch.randint(0, 6, (shape[0], int(section["length"]))).to(torch.float64)
    network = Interpreter(sections, True, parameters, targets=targets)
    output = network.run(image)
    if targets is not None:
        pass
    elif spec.startswith("softmax") and "soft targets" not in first_line:
        labels = torch.randint(0, output[0].numel(), (shape[0],))
    else:
        targets = torch.rand(output.shape)
        targets = targets / targets.sum(dim=3, keepdim=True) if spec.startswith("softmax") else targets
        targets = targets.to(torch.float32).to(torch.float64)
    if spec == "contrastive":
        loss = contrastive(*[network.values[n.strip()] for n in file.get("model", "loss_inputs").split(",")])
    else:
        loss = loss_of(spec, output, labels, targets)
    loss.backward()
    predicted = Interpreter(sections, False, parameters, targets=targets).run(image)
    out = {"image": image, "output": output, "predicted": predicted, "loss": loss.reshape(1)}
    out["labels" if targets is None else "targets"] = labels.to(torch.float64) if targets is None else targets
    for key, value in parameters.items():
        out["start/" + key] = value
        if value.requires_grad:
            out["gradient/" + key] = value.grad if value.grad is not None else torch.zeros_like(value)
    write_safetensors(os.path.join(HERE, name + ".safetensors"), out)


for path in sorted(glob.glob(os.path.join(HERE, "*.ini"))):
    if len(sys.argv) == 1 or os.path.splitext(os.path.basename(path))[0] in sys.argv[1:]:
        make(path)
