"""Writes tests/data/checkpoints: small models as published files are laid out, and what PyTorch makes of them.

    /usr/bin/python3 tests/reference/make_checkpoint_golden.py

Needs Debian's python3-torch, python3-numpy and python3-pil. For every case NAME there is the model, NAME.safetensors or
NAME.npz, with random weights under its source's own names and layouts, and NAME.golden.safetensors: an input
(channels last), the logits, activations inside (channels last, "at/" + sextant's name of the layer), and the
gradient of the cross-entropy by every tensor of the model, under the model's names. The architectures are
restated here from the papers and the sources' public code, in double precision.
tests/unit/test_checkpoint.c opens the same files.
"""
import os
import zlib

import numpy
import torch
import torch.nn.functional as F
from PIL import Image

from published import HERE, Tensors, made_up, write_header, write_safetensors

CLASSES = 5

# ---- vision transformers -------------------------------------------------------------------------

class Names:
    """Where a source keeps the weights of a vision transformer; linear maps come back as [out, in]."""

    def __init__(self, t):
        self.t = t

    def affine(self, norm, dim):
        return self.t.get(norm + ".weight", dim, mean=1), self.t.get(norm + ".bias", dim)

    def linear(self, name, into, out):
        return self.t.get(name + ".weight", out, into), self.t.get(name + ".bias", out)

    def patches(self, dim, patch):
        return self.linear_patches(dim, patch)


class Timm(Names):
    cls, position = "cls_token", "pos_embed"
    norm, head, pre = "norm", "head", "pre_logits.fc"

    def block(self, i):
        return f"blocks.{i}.norm1", f"blocks.{i}.norm2", f"blocks.{i}.attn.proj", f"blocks.{i}.mlp.fc1", \
            f"blocks.{i}.mlp.fc2"

    def linear_patches(self, dim, patch):
        return self.t.get("patch_embed.proj.weight", dim, 3, patch, patch), self.t.get("patch_embed.proj.bias", dim)

    def qkv(self, i, dim, heads):
        return self.linear(f"blocks.{i}.attn.qkv", dim, 3 * dim)


class HuggingFace(Names):
    cls, position = "vit.embeddings.cls_token", "vit.embeddings.position_embeddings"
    norm, head, pre = "vit.layernorm", "classifier", None

    def block(self, i):
        at = f"vit.encoder.layer.{i}."
        return at + "layernorm_before", at + "layernorm_after", at + "attention.output.dense", \
            at + "intermediate.dense", at + "output.dense"

    def linear_patches(self, dim, patch):
        at = "vit.embeddings.patch_embeddings.projection"
        return self.t.get(at + ".weight", dim, 3, patch, patch), self.t.get(at + ".bias", dim)

    def qkv(self, i, dim, heads):
        parts = [self.linear(f"vit.encoder.layer.{i}.attention.attention.{p}", dim, dim)
                 for p in ("query", "key", "value")]
        return torch.cat([w for w, _ in parts]), torch.cat([b for _, b in parts])


class Google(Names):
    cls, position = "cls", "Transformer/posembed_input/pos_embedding"
    norm, head, pre = "Transformer/encoder_norm", "head", "pre_logits"
    attention, second, mlp = "MultiHeadDotProductAttention_1", "LayerNorm_2", "MlpBlock_3"

    def block(self, i):
        at = f"Transformer/encoderblock_{i}/"
        return at + "LayerNorm_0", at + self.second, at + self.attention + "/out", at + self.mlp + "/Dense_0", \
            at + self.mlp + "/Dense_1"

    def affine(self, norm, dim):
        return self.t.get(norm + "/scale", dim, mean=1), self.t.get(norm + "/bias", dim)

    def linear(self, name, into, out):
        shape = (self.heads, into // self.heads, out) if name.endswith("/out") else (into, out)
        return self.t.get(name + "/kernel", *shape).reshape(into, out).t(), self.t.get(name + "/bias", out)

    def linear_patches(self, dim, patch):
        return self.t.get("embedding/kernel", patch, patch, 3, dim).permute(3, 2, 0, 1), \
            self.t.get("embedding/bias", dim)

    def qkv(self, i, dim, heads):
        self.heads = heads
        weights, biases = [], []
        for part in ("query", "key", "value"):
            at = f"Transformer/encoderblock_{i}/{self.attention}/{part}"
            weights.append(self.t.get(at + "/kernel", dim, heads, dim // heads).reshape(dim, dim).t())
            biases.append(self.t.get(at + "/bias", heads, dim // heads).reshape(dim))
        return torch.cat(weights), torch.cat(biases)


class BigVision(Google):
    position = "pos_embedding"
    attention, second, mlp = "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0"


class Scanned:
    """Tensors whose names have a block's number are rows of one tensor of all blocks."""

    def __init__(self, t, depth):
        self.t, self.depth = t, depth

    def get(self, name, *shape, **how):
        before, block, after = name.partition("encoderblock_")
        if not block:
            return self.t.get(name, *shape, **how)
        number, _, rest = after.partition("/")
        return self.t.get(before + "encoderblock/" + rest, self.depth, *shape, **how)[int(number)]


class TorchVision(Names):
    cls, position = "class_token", "encoder.pos_embedding"
    norm, head, pre = "encoder.ln", "heads.head", "heads.pre_logits"
    dense = "mlp.0", "mlp.3"

    def block(self, i):
        at = f"encoder.layers.encoder_layer_{i}."
        return at + "ln_1", at + "ln_2", at + "self_attention.out_proj", at + self.dense[0], at + self.dense[1]

    def linear_patches(self, dim, patch):
        return self.t.get("conv_proj.weight", dim, 3, patch, patch), self.t.get("conv_proj.bias", dim)

    def qkv(self, i, dim, heads):
        at = f"encoder.layers.encoder_layer_{i}.self_attention.in_proj_"
        return self.t.get(at + "weight", 3 * dim, dim), self.t.get(at + "bias", 3 * dim)


class OldTorchVision(TorchVision):
    dense = "mlp.linear_1", "mlp.linear_2"


def vit(names, x, at, heads=2, dim=16, depth=2, patch=4, gelu="none", epsilon=1e-6, token=True, pre=False):
    n, act = names, {"none": lambda v: F.gelu(v), "tanh": lambda v: F.gelu(v, approximate="tanh")}[gelu]

    def norm(name, v):
        return F.layer_norm(v, (dim,), *n.affine(name, dim), eps=epsilon)

    weight, bias = n.patches(dim, patch)
    x = F.conv2d(x, weight, bias, stride=patch)
    at["patches"] = x.permute(0, 2, 3, 1)
    x = x.flatten(2).transpose(1, 2)
    if token:
        x = torch.cat([n.t.get(n.cls, 1, 1, dim).expand(x.shape[0], -1, -1), x], 1)
    x = x + n.t.get(n.position, 1, x.shape[1], dim)
    for i in range(depth):
        norm1, norm2, out, inner, outer = n.block(i)
        qkv = F.linear(norm(norm1, x), *n.qkv(i, dim, heads))
        q, k, v = qkv.reshape(*x.shape[:2], 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(2, 3) / (dim // heads) ** 0.5, 3)
        y = (weights @ v).transpose(1, 2).reshape(x.shape)
        at[f"block{i + 1}.attention"] = y[:, None]
        x = x + F.linear(y, *n.linear(out, dim, dim))
        x = x + F.linear(act(F.linear(norm(norm2, x), *n.linear(inner, dim, 4 * dim))), *n.linear(outer, 4 * dim, dim))
    x = norm(n.norm, x)
    x = x[:, 0] if token else x.mean(1)
    if pre:
        x = torch.tanh(F.linear(x, *n.linear(n.pre, dim, dim)))
    return F.linear(x, *n.linear(n.head, dim, CLASSES))


# ---- residual networks ---------------------------------------------------------------------------

def batch_norm(t, x, name, training):
    c = x.shape[1]
    weight, bias = t.get(name + ".weight", c, mean=1), t.get(name + ".bias", c)
    mean = t.get(name + ".running_mean", c).detach()
    variance = t.get(name + ".running_var", c, positive=True)
    t[name + ".num_batches_tracked"] = torch.tensor(7.0)
    return F.batch_norm(x, mean.clone(), variance.clone(), weight, bias, training)


def convolution(t, x, name, out, kernel, stride=1):
    return F.conv2d(x, t.get(name + ".weight", out, x.shape[1], kernel, kernel), None, stride, kernel // 2)


def residual(t, x, name, channels, stride, bottleneck, training, shortcut):
    y = torch.relu(batch_norm(t, convolution(t, x, name + ".conv1", channels, 1 if bottleneck else 3,
                                             1 if bottleneck else stride), name + ".bn1", training))
    y = convolution(t, y, name + ".conv2", channels, 3, stride if bottleneck else 1)
    y = batch_norm(t, y, name + ".bn2", training)
    out = channels
    if bottleneck:
        out = 4 * channels
        y = batch_norm(t, convolution(t, torch.relu(y), name + ".conv3", out, 1), name + ".bn3", training)
    if stride > 1 or x.shape[1] != out:
        if shortcut == "padded":
            more = out - x.shape[1]
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more // 2, more - more // 2))
        else:
            x = batch_norm(t, convolution(t, x, f"{name}.{shortcut}.0", out, 1, stride), f"{name}.{shortcut}.1", training)
    return torch.relu(y + x)


def resnet(t, x, at, blocks, bottleneck, training, width=4):
    x = torch.relu(batch_norm(t, convolution(t, x, "conv1", width, 7, 2), "bn1", training))
    x = F.max_pool2d(x, 3, 2, 1)
    at["max_pool"] = x.permute(0, 2, 3, 1)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage and not block else 1
            x = residual(t, x, f"layer{stage + 1}.{block}", width << stage, stride, bottleneck, training, "downsample")
    x = x.mean((2, 3))
    return F.linear(x, t.get("fc.weight", CLASSES, x.shape[1]), t.get("fc.bias", CLASSES))


def small_resnet(t, x, at, training, shortcut, head, blocks=1, width=4):
    x = torch.relu(batch_norm(t, convolution(t, x, "conv1", width, 3), "bn1", training))
    for stage in range(3):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            x = residual(t, x, f"layer{stage + 1}.{block}", width << stage, stride, False, training, shortcut)
    x = x.mean((2, 3))
    return F.linear(x, t.get(head + ".weight", CLASSES, x.shape[1]), t.get(head + ".bias", CLASSES))


class BitNpz:
    def __init__(self, t):
        self.t = t

    def kernel(self, name, kernel, into, out):
        return self.t.get(f"resnet/{name}/standardized_conv2d/kernel", kernel, kernel, into, out).permute(3, 2, 0, 1)

    def affine(self, name, c):
        at = f"resnet/{name}/group_norm/" if name else "resnet/group_norm/"
        return self.t.get(at + "gamma", c, mean=1), self.t.get(at + "beta", c)

    def head(self, into):
        return self.t.get("resnet/head/conv2d/kernel", 1, 1, into, CLASSES).permute(3, 2, 0, 1), \
            self.t.get("resnet/head/conv2d/bias", CLASSES)

    stem = "root_block"

    def unit(self, stage, block):
        at = f"block{stage + 1}/unit{block + 1:02d}/"
        return [at + p for p in "abc"], [at + p for p in "abc"], at + "a/proj"


class BitTimm(BitNpz):
    def kernel(self, name, kernel, into, out):
        return self.t.get(name + ".weight", out, into, kernel, kernel)

    def affine(self, name, c):
        return self.t.get((name or "norm") + ".weight", c, mean=1), self.t.get((name or "norm") + ".bias", c)

    def head(self, into):
        return self.t.get("head.fc.weight", CLASSES, into, 1, 1), self.t.get("head.fc.bias", CLASSES)

    stem = "stem.conv"

    def unit(self, stage, block):
        at = f"stages.{stage}.blocks.{block}."
        return [at + f"norm{i}" for i in (1, 2, 3)], [at + f"conv{i}" for i in (1, 2, 3)], at + "downsample.conv"


def bit(n, x, at, blocks, epsilon, base=4, groups=1):
    def conv(name, v, out, kernel, stride=1):
        w = n.kernel(name, kernel, v.shape[1], out)
        variance, mean = torch.var_mean(w, dim=(1, 2, 3), keepdim=True, unbiased=False)
        return F.conv2d(v, (w - mean) / torch.sqrt(variance + epsilon), None, stride, kernel // 2)

    def act(name, v):
        return torch.relu(F.group_norm(v, groups, *n.affine(name, v.shape[1]), eps=1e-5))

    x = F.max_pool2d(F.pad(conv(n.stem, x, base, 7, 2), (1, 1, 1, 1)), 3, 2)
    at["max_pool"] = x.permute(0, 2, 3, 1)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage and not block else 1
            norms, convs, projection = n.unit(stage, block)
            y = act(norms[0], x)
            if block == 0:
                x = conv(projection, y, base * 4 << stage, 1, stride)
            y = act(norms[1], conv(convs[0], y, base << stage, 1))
            y = act(norms[2], conv(convs[1], y, base << stage, 3, stride))
            x = conv(convs[2], y, base * 4 << stage, 1) + x
    x = act("", x).mean((2, 3), keepdim=True)
    return F.conv2d(x, *n.head(x.shape[1])).flatten(1)


# ---- files ---------------------------------------------------------------------------------------

def make(name, side, run, write, statistics=False):
    """run(tensors, x, at, training) -> logits"""
    torch.manual_seed(zlib.crc32(name.encode()))
    x = torch.randn(3, side, side, 3).to(torch.float32).to(torch.float64)
    t, at, image = Tensors(), {}, x.permute(0, 3, 1, 2)
    labels = torch.arange(3) % CLASSES
    run(t, image, {}, False)
    loss = F.cross_entropy(run(t, image, {}, True), labels)
    trained = [k for k, v in t.items() if v.requires_grad and not k.endswith(("running_mean", "running_var"))]
    gradients = torch.autograd.grad(loss, [t[k] for k in trained])
    with torch.no_grad():
        logits = run(t, image, at, False)
    many = made_up(1000, side)
    with torch.no_grad():
        answers = torch.cat([run(t, many[i:i + 100].permute(0, 3, 1, 2), {}, False) for i in range(0, 1000, 100)])
    best = answers.topk(2, 1)
    gaps = (best.values[:, 0] - best.values[:, 1]) / answers.norm(dim=1)
    golden = {"input": x, "logits": logits, "loss": loss.detach().reshape(1),
              "many/class": best.indices[:, 0].to(torch.float64), "many/gap": gaps}
    golden.update({"at/" + k: v for k, v in at.items()})
    golden.update({"gradient/" + k: g for k, g in zip(trained, gradients)})
    write_safetensors(os.path.join(HERE, name + ".golden.safetensors"), golden)
    write(os.path.join(HERE, name), {k: v.detach() for k, v in t.items()})


def safetensors(prefix=""):
    return lambda path, tensors: write_safetensors(path + ".safetensors", {prefix + k: v for k, v in tensors.items()})


def npz(save=numpy.savez, order="C", prefix=""):
    def write(path, tensors):
        arrays = {prefix + k: numpy.asarray(v.numpy().astype("<f4"), order=order) for k, v in tensors.items()}
        save(path + ".npz", **arrays)
    return write


make("vit-google", 12, lambda t, x, at, _: vit(Google(t), x, at, gelu="tanh", pre=True), npz())
make("vit-google-deflated", 8, lambda t, x, at, _: vit(Google(t), x, at, gelu="tanh"),
     npz(numpy.savez_compressed, "F", "opt/target/"))
make("vit-big-vision-mean", 12, lambda t, x, at, _: vit(BigVision(t), x, at, gelu="tanh", token=False), npz())
make("vit-big-vision-stacked", 8, lambda t, x, at, _: vit(BigVision(Scanned(t, 2)), x, at, gelu="tanh"),
     npz(prefix="params/"))
make("vit-torchvision", 12, lambda t, x, at, _: vit(TorchVision(t), x, at, pre=True), safetensors())
make("vit-torchvision-old", 8, lambda t, x, at, _: vit(OldTorchVision(t), x, at), safetensors("module."))
make("vit-timm", 12, lambda t, x, at, _: vit(Timm(t), x, at), safetensors())
make("vit-timm-module", 8, lambda t, x, at, _: vit(Timm(t), x, at), safetensors("module."))
make("vit-huggingface", 12, lambda t, x, at, _: vit(HuggingFace(t), x, at, epsilon=1e-12), safetensors())
make("resnet-10", 64, lambda t, x, at, on: resnet(t, x, at, (1, 1, 1, 1), False, on), safetensors())
make("resnet-14", 64, lambda t, x, at, on: resnet(t, x, at, (1, 1, 1, 1), True, on), safetensors("model."))
make("cifar-padded", 16, lambda t, x, at, on: small_resnet(t, x, at, on, "padded", "linear"), safetensors())
make("cifar-projection", 16, lambda t, x, at, on: small_resnet(t, x, at, on, "shortcut", "fc"), safetensors())
make("bit-14", 32, lambda t, x, at, _: bit(BitNpz(t), x, at, (1, 1, 1, 1), 1e-10), npz())
make("bit-14-timm", 32, lambda t, x, at, _: bit(BitTimm(t), x, at, (1, 1, 1, 1), 1e-8), safetensors())


# ---- names and shapes of the published sizes -----------------------------------------------------


def timm_names(d, depth, patch, side, classes):
    names = {"cls_token": [1, 1, d], "pos_embed": [1, (side // patch) ** 2 + 1, d],
             "patch_embed.proj.weight": [d, 3, patch, patch], "patch_embed.proj.bias": [d]}
    for i in range(depth):
        b = f"blocks.{i}."
        names.update({b + "norm1.weight": [d], b + "norm1.bias": [d], b + "attn.qkv.weight": [3 * d, d],
                      b + "attn.qkv.bias": [3 * d], b + "attn.proj.weight": [d, d], b + "attn.proj.bias": [d],
                      b + "norm2.weight": [d], b + "norm2.bias": [d], b + "mlp.fc1.weight": [4 * d, d],
                      b + "mlp.fc1.bias": [4 * d], b + "mlp.fc2.weight": [d, 4 * d], b + "mlp.fc2.bias": [d]})
    return {**names, "norm.weight": [d], "norm.bias": [d], "head.weight": [classes, d], "head.bias": [classes]}


def huggingface_names(d, depth, patch, side, classes):
    e = "vit.embeddings."
    names = {e + "cls_token": [1, 1, d], e + "position_embeddings": [1, (side // patch) ** 2 + 1, d],
             e + "patch_embeddings.projection.weight": [d, 3, patch, patch],
             e + "patch_embeddings.projection.bias": [d]}
    for i in range(depth):
        b = f"vit.encoder.layer.{i}."
        for part in ("query", "key", "value"):
            names.update({b + f"attention.attention.{part}.weight": [d, d], b + f"attention.attention.{part}.bias": [d]})
        names.update({b + "attention.output.dense.weight": [d, d], b + "attention.output.dense.bias": [d],
                      b + "intermediate.dense.weight": [4 * d, d], b + "intermediate.dense.bias": [4 * d],
                      b + "output.dense.weight": [d, 4 * d], b + "output.dense.bias": [d]})
        names.update({b + f"layernorm_{w}.{k}": [d] for w in ("before", "after") for k in ("weight", "bias")})
    return {**names, "vit.layernorm.weight": [d], "vit.layernorm.bias": [d],
            "classifier.weight": [classes, d], "classifier.bias": [classes]}


def torchvision_vit_names(d, depth, patch, side, classes):
    names = {"class_token": [1, 1, d], "conv_proj.weight": [d, 3, patch, patch], "conv_proj.bias": [d],
             "encoder.pos_embedding": [1, (side // patch) ** 2 + 1, d]}
    for i in range(depth):
        b = f"encoder.layers.encoder_layer_{i}."
        names.update({b + "ln_1.weight": [d], b + "ln_1.bias": [d], b + "self_attention.in_proj_weight": [3 * d, d],
                      b + "self_attention.in_proj_bias": [3 * d], b + "self_attention.out_proj.weight": [d, d],
                      b + "self_attention.out_proj.bias": [d], b + "ln_2.weight": [d], b + "ln_2.bias": [d],
                      b + "mlp.0.weight": [4 * d, d], b + "mlp.0.bias": [4 * d], b + "mlp.3.weight": [d, 4 * d],
                      b + "mlp.3.bias": [d]})
    return {**names, "encoder.ln.weight": [d], "encoder.ln.bias": [d],
            "heads.head.weight": [classes, d], "heads.head.bias": [classes]}


def google_names(d, depth, patch, side, classes, heads, pre=False):
    names = {"cls": [1, 1, d], "embedding/kernel": [patch, patch, 3, d], "embedding/bias": [d],
             "Transformer/posembed_input/pos_embedding": [1, (side // patch) ** 2 + 1, d]}
    for i in range(depth):
        b = f"Transformer/encoderblock_{i}/"
        a = b + "MultiHeadDotProductAttention_1/"
        for part in ("query", "key", "value"):
            names.update({a + part + "/kernel": [d, heads, d // heads], a + part + "/bias": [heads, d // heads]})
        names.update({a + "out/kernel": [heads, d // heads, d], a + "out/bias": [d],
                      b + "MlpBlock_3/Dense_0/kernel": [d, 4 * d], b + "MlpBlock_3/Dense_0/bias": [4 * d],
                      b + "MlpBlock_3/Dense_1/kernel": [4 * d, d], b + "MlpBlock_3/Dense_1/bias": [d]})
        names.update({b + f"LayerNorm_{n}/{k}": [d] for n in (0, 2) for k in ("scale", "bias")})
    names.update({"Transformer/encoder_norm/scale": [d], "Transformer/encoder_norm/bias": [d],
                  "head/kernel": [d, classes], "head/bias": [classes]})
    return {**names, **({"pre_logits/kernel": [d, d], "pre_logits/bias": [d]} if pre else {})}


def norm_names(at, c):
    return {**{f"{at}.{k}": [c] for k in ("weight", "bias", "running_mean", "running_var")},
            at + ".num_batches_tracked": []}


def torchvision_names(blocks, bottleneck):
    names, before = {"conv1.weight": [64, 3, 7, 7], **norm_names("bn1", 64)}, 64
    for s, count in enumerate(blocks):
        c, out = 64 << s, (256 if bottleneck else 64) << s
        for b in range(count):
            at = f"layer{s + 1}.{b}."
            sizes = [(c, before, 1), (c, c, 3), (out, c, 1)] if bottleneck else [(c, before, 3), (c, c, 3)]
            for i, (o, into, k) in enumerate(sizes):
                names.update({at + f"conv{i + 1}.weight": [o, into, k, k], **norm_names(at + f"bn{i + 1}", o)})
            if b == 0 and (s or bottleneck):
                names.update({at + "downsample.0.weight": [out, before, 1, 1], **norm_names(at + "downsample.1", out)})
            before = out
    return {**names, "fc.weight": [1000, before], "fc.bias": [1000]}


def cifar_names(depth):
    names, before = {"conv1.weight": [16, 3, 3, 3], **norm_names("bn1", 16)}, 16
    for s in range(3):
        for b in range((depth - 2) // 6):
            at, c = f"layer{s + 1}.{b}.", 16 << s
            names.update({at + "conv1.weight": [c, before, 3, 3], **norm_names(at + "bn1", c),
                          at + "conv2.weight": [c, c, 3, 3], **norm_names(at + "bn2", c)})
            before = c
    return {**names, "linear.weight": [10, 64], "linear.bias": [10]}


def bit_names(blocks, width, classes):
    k, g = "/standardized_conv2d/kernel", "/group_norm/"
    names, before = {"resnet/root_block" + k: [7, 7, 3, 64 * width]}, 64 * width
    for s, count in enumerate(blocks):
        c, out = 64 * width << s, 256 * width << s
        for b in range(count):
            at = f"resnet/block{s + 1}/unit{b + 1:02d}/"
            for part, (kernel, into, o) in zip("abc", ((1, before, c), (3, c, c), (1, c, out))):
                names.update({at + part + k: [kernel, kernel, into, o], at + part + g + "gamma": [into],
                              at + part + g + "beta": [into]})
            if b == 0:
                names[at + "a/proj" + k] = [1, 1, before, out]
            before = out
    return {**names, "resnet/group_norm/gamma": [before], "resnet/group_norm/beta": [before],
            "resnet/head/conv2d/kernel": [1, 1, before, classes], "resnet/head/conv2d/bias": [classes]}


DEEP = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
for name, d, depth, patch in (("ti16", 192, 12, 16), ("s16", 384, 12, 16), ("b16", 768, 12, 16), ("l16", 1024, 24, 16),
                              ("h14", 1280, 32, 14)):
    write_header("vit-" + name + "-timm", timm_names(d, depth, patch, 224, 1000))
write_header("vit-b16-huggingface", huggingface_names(768, 12, 16, 224, 1000))
write_header("vit-l32-torchvision", torchvision_vit_names(1024, 24, 32, 224, 1000))
write_header("vit-b16-google", google_names(768, 12, 16, 384, 1000, 12))
write_header("vit-b32-google-21k", google_names(768, 12, 32, 224, 21843, 12, pre=True))
write_header("vit-h14-google", google_names(1280, 32, 14, 224, 21843, 16, pre=True))
for depth, blocks in ((18, (2, 2, 2, 2)), (34, DEEP[50])):
    write_header(f"resnet-{depth}-torchvision", torchvision_names(blocks, False))
for depth, blocks in DEEP.items():
    write_header(f"resnet-{depth}-torchvision", torchvision_names(blocks, True))
for depth in (20, 32, 44, 56, 110):
    write_header(f"resnet-{depth}-cifar", cifar_names(depth))
write_header("bit-r50x1", bit_names(DEEP[50], 1, 1000))
write_header("bit-r101x3-21k", bit_names(DEEP[101], 3, 21843))
write_header("bit-r152x4", bit_names(DEEP[152], 4, 1000))

# ---- a pickle, and positions ---------------------------------------------------------------------

torch.save({"a": torch.zeros(2)}, os.path.join(HERE, "pickle.pt"))

torch.manual_seed(5)
table = torch.randn(1 + 36, 3).to(torch.float32).to(torch.float64)
grid = table[1:].reshape(6, 6, 3).permute(2, 0, 1)[None]
positions = {"in": table}
for to in (4, 9):
    for rule, options in (("corners", dict(mode="bilinear", align_corners=True)),
                          ("bicubic", dict(mode="bicubic", align_corners=False)),
                          ("bicubic-smooth", dict(mode="bicubic", align_corners=False, antialias=True))):
        new = F.interpolate(grid, size=(to, to), **options)[0].permute(1, 2, 0).reshape(-1, 3)
        positions[f"{rule}-{to}"] = torch.cat([table[:1], new])
write_safetensors(os.path.join(HERE, "positions.safetensors"), positions)

# ---- how pictures are brought to a model: Pillow, with the geometry of timm, torchvision, transformers -------

def shorter_side(picture, side):
    w, h = picture.size
    size = (side, int(side * h / w)) if w <= h else (int(side * w / h), side)
    return size


def centre(picture, size):
    w, h = picture.size
    left, top = int(round((w - size) / 2)), int(round((h - size) / 2))
    return picture.crop((left, top, left + size, top + size))


def normalised(picture, mean, deviation):
    return torch.from_numpy((numpy.asarray(picture.convert("RGB"), dtype=float) / 255 - mean) / deviation)


random = numpy.random.default_rng(3)
prepared = {}
for k, (height, width, mode) in enumerate([(53, 31, "RGB"), (40, 61, "RGB"), (48, 48, "RGBA"), (30, 77, "L"), (9, 13, "RGB")]):
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    pixels = random.integers(0, 256, (height, width, channels)).astype(numpy.uint8)
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode)
    prepared[f"picture/{k}"] = torch.from_numpy(pixels.astype(float))
    rgb = picture.convert("RGB")
    timm = centre(rgb.resize(shorter_side(rgb, int(12 / 0.9)), Image.Resampling.BICUBIC), 12)
    prepared[f"vit-timm/{k}"] = normalised(timm, 0.5, 0.5)
    clip = centre(rgb.resize(shorter_side(rgb, 12), Image.Resampling.BICUBIC), 12)
    prepared[f"clip-openai/{k}"] = normalised(clip, numpy.array([0.48145466, 0.4578275, 0.40821073]),
                                              numpy.array([0.26862954, 0.26130258, 0.27577711]))
    vision = centre(rgb.resize(shorter_side(rgb, 73), Image.Resampling.BILINEAR), 64)
    prepared[f"resnet-10/{k}"] = normalised(vision, numpy.array([0.485, 0.456, 0.406]), numpy.array([0.229, 0.224, 0.225]))
    prepared[f"vit-huggingface/{k}"] = normalised(rgb.resize((12, 12), Image.Resampling.BILINEAR), 0.5, 0.5)
write_safetensors(os.path.join(HERE, "prepared.safetensors"), prepared)
