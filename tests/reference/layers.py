"""Sextant's layers by PyTorch's operators, for the scripts that make golden files."""
import json
import struct

import torch
import torch.nn.functional as F


def first(x):
    """[batch, height, width, channels] -> [batch, channels, height, width]"""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def tokens(x):
    return x.reshape(x.shape[0], -1, x.shape[3])


class Interpreter:
    """Runs a model of layers: `sections` maps a layer's name to its options, in order. Parameters are
    kept in sextant's layout and drawn when they are first asked for. With `statistics`, batch norms
    in training update the running statistics among the parameters."""

    def __init__(self, sections, training, parameters, statistics=False, targets=None):
        self.sections, self.training, self.parameters = sections, training, parameters
        self.statistics, self.given = statistics, targets

    def parameter(self, layer, suffix, shape, kind="normal", trained=True):
        name = f"{layer}.{suffix}"
        if name not in self.parameters:
            value = torch.randn(shape) * 0.5
            if kind == "one":
                value = 1 + 0.3 * torch.randn(shape)
            if kind == "positive":
                value = 0.5 + torch.rand(shape)
            value = value.to(torch.float32).to(torch.float64)
            self.parameters[name] = value.requires_grad_(trained and not suffix.startswith("running"))
        return self.parameters[name]

    def run(self, image):
        values, before = {"image": image}, image
        self.values = values
        for name, section in self.sections.items():
            options = dict(section)
            operation = options.pop("layer")
            inputs = [before]
            if "inputs" in options:
                inputs = [values[n.strip()] for n in options.pop("inputs").split(",") if n.strip()]
            before = values[name] = getattr(self, operation)(name, inputs, options)
        return before

    # ---- layers ------------------------------------------------------------------------------

    def convolution(self, name, x, o):
        kernel, stride = int(o.get("kernel", 3)), int(o.get("stride", 1))
        dilation, groups, channels = int(o.get("dilation", 1)), int(o.get("groups", 1)), int(o.get("channels", 16))
        padding = int(o.get("padding", -1))
        padding = dilation * (kernel // 2) if padding < 0 else padding
        into = x[0].shape[3] // groups
        weight = self.parameter(name, "weight", (kernel, kernel, into, channels)).permute(3, 2, 0, 1)
        if o.get("standardise") == "yes":
            variance, mean = torch.var_mean(weight, dim=(1, 2, 3), keepdim=True, unbiased=False)
            weight = (weight - mean) / torch.sqrt(variance + float(o.get("epsilon", 1e-5)))
        bias = self.parameter(name, "bias", (channels,)) if o.get("bias", "yes") == "yes" else None
        return last(F.conv2d(first(x[0]), weight, bias, stride, padding, dilation, groups))

    def transposed_convolution(self, name, x, o):
        kernel, stride, channels = int(o.get("kernel", 4)), int(o.get("stride", 2)), int(o.get("channels", 16))
        weight = self.parameter(name, "weight", (kernel, kernel, x[0].shape[3], channels)).permute(2, 3, 0, 1)
        bias = self.parameter(name, "bias", (channels,)) if o.get("bias", "yes") == "yes" else None
        return last(F.conv_transpose2d(first(x[0]), weight, bias, stride, int(o.get("padding", 1)),
                                       int(o.get("output_padding", 0))))

    def dense(self, name, x, o):
        flat, units = x[0].flatten(1), int(o.get("units", 10))
        weight = self.parameter(name, "weight", (flat.shape[1], units))
        return F.linear(flat, weight.t(), self.parameter(name, "bias", (units,)))[:, None, None, :]

    def linear(self, name, x, o):
        units = int(o.get("units", 64))
        trained = o.get("trained", "yes") == "yes"
        weight = self.parameter(name, "weight", (x[0].shape[3], units), trained=trained)
        bias = self.parameter(name, "bias", (units,), trained=trained) if o.get("bias", "yes") == "yes" else None
        return F.linear(x[0], weight.t(), bias)

    def targets(self, name, x, o):
        return self.given.reshape(-1, 1, int(o.get("length", 77)), 1)

    def end_token(self, name, x, o):
        ids = x[1].flatten(1)
        return x[0][torch.arange(ids.shape[0]), 0, ids.argmax(1)][:, None, None, :]

    def l2_normalise(self, name, x, o):
        return F.normalize(x[0], dim=3)

    def learned_scale(self, name, x, o):
        return x[0] * self.parameter(name, "weight", (1,)).exp()

    def affine(self, name, channels):
        return self.parameter(name, "weight", (channels,), "one"), self.parameter(name, "bias", (channels,))

    def batch_norm(self, name, x, o):
        channels = x[0].shape[3]
        weight, bias = self.affine(name, channels)
        mean = self.parameter(name, "running_mean", (channels,))
        variance = self.parameter(name, "running_var", (channels,), "positive")
        if not self.statistics:
            mean, variance = mean.detach().clone(), variance.detach().clone()
        return last(F.batch_norm(first(x[0]), mean, variance, weight, bias, self.training,
                                 eps=float(o.get("epsilon", 1e-5))))

    def group_norm(self, name, x, o):
        return last(F.group_norm(first(x[0]), int(o.get("groups", 8)), *self.affine(name, x[0].shape[3]),
                                 eps=float(o.get("epsilon", 1e-5))))

    def instance_norm(self, name, x, o):
        weight, bias = self.affine(name, x[0].shape[3])
        return last(F.instance_norm(first(x[0]), weight=weight, bias=bias, eps=float(o.get("epsilon", 1e-5))))

    def layer_norm(self, name, x, o):
        return F.layer_norm(x[0], (x[0].shape[3],), *self.affine(name, x[0].shape[3]),
                            eps=float(o.get("epsilon", 1e-5)))

    def attention(self, name, x, o):
        """Through torch.nn.MultiheadAttention with identity projections."""
        t = tokens(x[0])
        dim, heads = t.shape[2] // 3, int(o.get("heads", 4))
        q, k, v = t.split(dim, dim=2)
        if float(o.get("scale", 0)) > 0:
            q = q * (float(o["scale"]) * (dim // heads) ** 0.5)
        eye, none = torch.eye(dim), torch.zeros(dim)
        mask = None
        if o.get("causal") == "yes":
            mask = torch.ones(t.shape[1], t.shape[1], dtype=torch.bool).triu(1)
        out, _ = F.multi_head_attention_forward(
            q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), dim, heads, None, torch.zeros(3 * dim), None,
            None, False, 0.0, eye, none, training=False, need_weights=False, attn_mask=mask,
            use_separate_proj_weight=True, q_proj_weight=eye, k_proj_weight=eye, v_proj_weight=eye)
        return out.transpose(0, 1).reshape(*x[0].shape[:3], dim)

    def attention_pool(self, name, x, o):
        weight = self.parameter(name, "weight", (x[0].shape[3],))
        t = tokens(x[0])
        return (torch.softmax(t @ weight, 1)[:, :, None] * t).sum(1)[:, None, None, :]

    def embedding(self, name, x, o):
        weight = self.parameter(name, "weight", (int(o["entries"]), int(o["channels"])))
        return F.embedding(x[0][..., 0].round().long().clamp(0, weight.shape[0] - 1), weight)

    def class_token(self, name, x, o):
        weight = self.parameter(name, "weight", (x[0].shape[3],))
        t = tokens(x[0])
        return torch.cat([weight.expand(t.shape[0], 1, -1), t], 1)[:, None]

    def position(self, name, x, o):
        height, width, channels = x[0].shape[1:]
        length = int(o.get("length", 0)) or width
        return x[0] + self.parameter(name, "weight", (height, length, channels))[:, :width]

    relu = staticmethod(lambda name, x, o: F.relu(x[0]))
    leaky_relu = staticmethod(lambda name, x, o: F.leaky_relu(x[0], float(o.get("slope", 0.01))))
    sigmoid = staticmethod(lambda name, x, o: torch.sigmoid(x[0]))
    tanh = staticmethod(lambda name, x, o: torch.tanh(x[0]))
    silu = staticmethod(lambda name, x, o: F.silu(x[0]))
    softmax = staticmethod(lambda name, x, o: F.softmax(x[0], 3))
    log_softmax = staticmethod(lambda name, x, o: F.log_softmax(x[0], 3))
    add = staticmethod(lambda name, x, o: x[0] + x[1])
    subtract = staticmethod(lambda name, x, o: x[0] - x[1])
    multiply = staticmethod(lambda name, x, o: x[0] * x[1])
    divide = staticmethod(lambda name, x, o: x[0] / x[1])
    maximum = staticmethod(lambda name, x, o: torch.maximum(x[0], x[1]))
    minimum = staticmethod(lambda name, x, o: torch.minimum(x[0], x[1]))
    square = staticmethod(lambda name, x, o: x[0].square())
    square_root = staticmethod(lambda name, x, o: x[0].sqrt())
    exp = staticmethod(lambda name, x, o: x[0].exp())
    log = staticmethod(lambda name, x, o: x[0].log())
    absolute = staticmethod(lambda name, x, o: x[0].abs())
    negate = staticmethod(lambda name, x, o: -x[0])
    scale = staticmethod(lambda name, x, o: x[0] * float(o.get("factor", 1)) + float(o.get("shift", 0)))
    flatten = staticmethod(lambda name, x, o: x[0].flatten(1)[:, None, None, :])

    def gelu(self, name, x, o):
        form = o.get("form", "erf")
        if form == "quick":
            return x[0] * torch.sigmoid(1.702 * x[0])
        return F.gelu(x[0], approximate="tanh" if form == "tanh" else "none")

    def max_pool(self, name, x, o):
        return last(F.max_pool2d(first(x[0]), int(o.get("kernel", 2)), int(o.get("stride", 2)),
                                 int(o.get("padding", 0))))

    def average_pool(self, name, x, o):
        return last(F.avg_pool2d(first(x[0]), int(o.get("kernel", 2)), int(o.get("stride", 2))))

    def global_average_pool(self, name, x, o):
        return x[0].mean(dim=(1, 2), keepdim=True)

    def upsample(self, name, x, o):
        return last(F.interpolate(first(x[0]), scale_factor=int(o.get("factor", 2)), mode="nearest"))

    def concat(self, name, x, o):
        return torch.cat(x, {"height": 1, "width": 2, "channels": 3}[o.get("axis", "channels")])

    def slice(self, name, x, o):
        axis = {"height": 1, "width": 2, "channels": 3}[o.get("axis", "channels")]
        return x[0].narrow(axis, int(o.get("from", 0)), int(o.get("count", 1)))

    def pad(self, name, x, o):
        before, after = int(o.get("before", 0)), int(o.get("after", 0))
        sides = {"channels": 0, "width": 1, "height": 2}[o.get("axis", "channels")]
        return F.pad(x[0], (0, 0) * sides + (before, after))

    def reshape(self, name, x, o):
        sizes = [int(o.get(k, 0)) or -1 for k in ("height", "width", "channels")]
        return x[0].reshape(x[0].shape[0], *sizes)

    def reduce(self, name, x, o):
        dims = {"channels": (3,), "space": (1, 2), "all": (1, 2, 3)}[o.get("over", "channels")]
        kind = o.get("kind", "sum")
        return {"sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin}[kind](
            x[0], dim=dims, keepdim=True)


def contrastive(image, text):
    logits = image.flatten(1) @ text.flatten(1).t()
    own = torch.arange(logits.shape[0])
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.t(), own)) / 2


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, value in tensors.items():
        data = value.detach().to(torch.float32).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
