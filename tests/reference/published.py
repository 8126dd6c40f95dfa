"""What the scripts of published checkpoints share: parameters drawn by name, inputs, headers. Double precision."""
import gzip
import json
import os
import struct

import numpy
import torch

from layers import write_safetensors

__all__ = ["HERE", "Tensors", "made_up", "write_header", "write_safetensors"]

torch.set_default_dtype(torch.float64)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "checkpoints")


class Tensors(dict):
    """Named parameters, drawn when first asked for. Names that begin like `one` are around 1."""

    def get(self, name, *shape, mean=0.0, deviation=0.3, positive=False):
        if name not in self:
            value = torch.rand(shape) + 0.5 if positive else mean + deviation * torch.randn(shape)
            self[name] = value.to(torch.float32).to(torch.float64).requires_grad_(not positive)
        return self[name]


def made_up(count, side):
    """Inputs that tests/unit/test_checkpoint.c makes up in the same way: [count, side, side, 3] in -1 .. 1."""
    i = numpy.arange(count * side * side * 3, dtype=numpy.uint32)
    x = (i * numpy.uint32(2654435761) + numpy.uint32(12345)) >> numpy.uint32(16)
    return torch.from_numpy((x % 2001).astype(numpy.float64) / 1000 - 1).reshape(count, side, side, 3).float().double()


def write_header(name, shapes):
    """A safetensors file without its values, gzipped."""
    header, at = {}, 0
    for key, shape in shapes.items():
        wide = key.endswith(("num_batches_tracked", "position_ids"))
        size = 8 if wide else 4
        for n in shape:
            size *= n
        header[key] = {"dtype": "I64" if wide else "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(os.path.join(HERE, name + ".header.gz"), "wb") as file:
        file.write(gzip.compress(struct.pack("<Q", len(text)) + text, mtime=0))
