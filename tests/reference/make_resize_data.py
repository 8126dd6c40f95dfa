#!/usr/bin/python3
"""Makes tests/data/resize/golden.safetensors: small pictures and what Pillow and PyTorch make of them.

    /usr/bin/python3 tests/reference/make_resize_data.py

Needs Debian's python3-pil and python3-torch. `sizes` [cases, 4]: height and width before, then after.
`input.C`, for 1, 3 and 4 channels: the pictures of all cases, one after the other; NAME.C with NAME
such as "bilinear.yes" (yes: Pillow, no: PyTorch): the resized ones. PyTorch knows no alpha, so for
its rules colours are multiplied by alpha before and divided after; nearest mixes nothing.
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

PATH = "tests/data/resize/golden.safetensors"
SIZES = [(9, 13, 9, 13), (16, 12, 8, 6), (7, 5, 14, 10), (13, 17, 6, 7), (5, 6, 11, 7), (23, 4, 9, 9),
         (4, 30, 7, 11), (1, 1, 5, 4), (1, 14, 6, 3), (11, 1, 4, 3), (10, 14, 1, 1), (10, 8, 1, 7),
         (12, 10, 12, 3), (9, 25, 7, 14), (40, 33, 10, 11), (6, 6, 13, 13)]
FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
           "bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}


def picture(random, height, width, channels):
    """Smooth, with hard edges and noise, so that cubics overshoot; much of alpha is 0 or 255."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 90 * np.sin(0.7 * x + c) + 90 * np.cos(0.5 * y * (c + 1)) for c in range(channels)]
    pixels = np.stack(planes, axis=-1) + random.integers(-40, 41, (height, width, channels))
    pixels = np.where(random.random((height, width, 1)) < 0.15, random.choice([0, 255], 1), pixels)
    if channels == 4:
        pixels[..., 3] = pixels[..., 3] * 2 - 128
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


def by_pillow(pixels, rule, height, width):
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    out = np.asarray(Image.fromarray(flat).resize((width, height), FILTERS[rule]))
    return out.reshape(height, width, -1)


def interpolate(values, rule, height, width):
    corners = {"align_corners": False} if rule in ("bilinear", "bicubic") else {}
    batch = torch.from_numpy(values.astype(np.float32)).permute(2, 0, 1)[None]
    out = F.interpolate(batch, size=(height, width), mode=rule, **corners)
    return out[0].permute(1, 2, 0).numpy().astype(np.float64)


def to_bytes(values):
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)


def by_torch(pixels, rule, height, width):
    if pixels.shape[2] < 4 or rule == "nearest" or pixels.shape[:2] == (height, width):
        return to_bytes(interpolate(pixels, rule, height, width))
    values = pixels.astype(np.float64)
    values[..., :3] *= values[..., 3:] / 255
    out = interpolate(values, rule, height, width)
    alpha = out[..., 3:]
    seen = to_bytes(alpha) > 0
    colours = np.where(seen, 255 * out[..., :3] / np.where(seen, alpha, 1), 0)
    return np.concatenate([to_bytes(colours), to_bytes(alpha)], axis=-1)


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, value in tensors.items():
        data = value.tobytes()
        header[name] = {"dtype": "I64" if value.dtype == np.int64 else "U8", "shape": list(value.shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


random = np.random.default_rng(11)
tensors = {"sizes": np.array(SIZES, dtype=np.int64)}
for channels in (1, 3, 4):
    inputs = [picture(random, size[0], size[1], channels) for size in SIZES]
    tensors["input.%d" % channels] = np.concatenate([p.ravel() for p in inputs])
    for rule in FILTERS:
        for antialias, resize in (("yes", by_pillow), ("no", by_torch)):
            outs = [resize(p, rule, *size[2:]).ravel() for p, size in zip(inputs, SIZES)]
            tensors["%s.%s.%d" % (rule, antialias, channels)] = np.concatenate(outs)
os.makedirs(os.path.dirname(PATH), exist_ok=True)
write_safetensors(PATH, tensors)
