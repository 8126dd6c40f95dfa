"""The models of `make bench` in PyTorch: by name, a function that makes one and the shape of an image."""
import torch
from torch import nn


def conv(i, o, k, s=1, p=1, bias=True):
    return nn.Conv2d(i, o, k, s, p, bias=bias)


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.a, self.n = conv(i, o, 3, stride, bias=False), nn.BatchNorm2d(o)
        self.b, self.m = conv(o, o, 3, bias=False), nn.BatchNorm2d(o)
        self.short = nn.Sequential(conv(i, o, 1, stride, 0, False), nn.BatchNorm2d(o)) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = torch.relu_(self.n(self.a(x)))
        return torch.relu_(self.m(self.b(y)) + self.short(x))


def resnet20():
    layers, channels = [conv(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)], 16
    for stage in range(3):
        for block in range(3):
            layers.append(Residual(channels, 16 << stage, 2 if stage and not block else 1))
            channels = 16 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Bottleneck(nn.Module):
    def __init__(self, i, width, stride):
        super().__init__()
        o = 4 * width
        self.a, self.n = conv(i, width, 1, 1, 0, False), nn.BatchNorm2d(width)
        self.b, self.m = conv(width, width, 3, stride, bias=False), nn.BatchNorm2d(width)
        self.c, self.k = conv(width, o, 1, 1, 0, False), nn.BatchNorm2d(o)
        self.short = nn.Sequential(conv(i, o, 1, stride, 0, False), nn.BatchNorm2d(o)) if i != o else nn.Identity()

    def forward(self, x):
        y = torch.relu_(self.n(self.a(x)))
        y = self.k(self.c(torch.relu_(self.m(self.b(y)))))
        return torch.relu_(y + self.short(x))


def large_resnet(make, blocks, expand, classes):
    layers = [conv(3, 64, 7, 2, 3, False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, count in enumerate(blocks):
        for block in range(count):
            layers.append(make(channels, 64 << stage, 2 if stage and not block else 1))
            channels = expand * 64 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = ((q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.n, self.a, self.m = nn.LayerNorm(dim), Attention(dim, heads), nn.LayerNorm(dim)
        self.f = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.a(self.n(x))
        return x + self.f(self.m(x))


class ViT(nn.Module):
    def __init__(self, side, channels, dim, depth, heads, patch, classes=10):
        super().__init__()
        self.cut, self.cls = conv(channels, dim, patch, patch, 0), nn.Parameter(torch.zeros(1, 1, dim))
        self.place = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, dim))
        self.blocks = nn.Sequential(*[Block(dim, heads) for _ in range(depth)])
        self.norm, self.end = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.cut(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.place
        return self.end(self.norm(self.blocks(x)[:, 0]))


def small_cnn():
    layers = []
    for i in (1, 16, 16):
        layers += [conv(i, 16, 3, 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 10))


def cnn4():
    layers = []
    for n, (i, o) in enumerate(((1, 32), (32, 32), (32, 64), (64, 64))):
        layers += [conv(i, o, 3), nn.ReLU(True)] + ([nn.MaxPool2d(2)] if n % 2 else [])
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(True), nn.Linear(128, 10))


def autoencoder():
    layers, i = [], 3
    for o in (32, 32, 64, 64):
        layers, i = layers + [conv(i, o, 4, 2), nn.ReLU(True)], o
    for o in (64, 32, 32, 3):
        layers, i = layers + [nn.ConvTranspose2d(i, o, 4, 2, 1), nn.ReLU(True)], o
    return nn.Sequential(*layers[:-1])


def tabular():
    return nn.Sequential(nn.Flatten(), nn.Linear(17, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 6))


CASES = {
    "strided-cnn": (small_cnn, (1, 28, 28)),
    "cnn-4": (cnn4, (1, 28, 28)),
    "resnet-20": (resnet20, (3, 32, 32)),
    "resnet-18": (lambda: large_resnet(Residual, (2, 2, 2, 2), 1, 10), (3, 64, 64)),
    "resnet-18-224": (lambda: large_resnet(Residual, (2, 2, 2, 2), 1, 1000), (3, 224, 224)),
    "resnet-50-224": (lambda: large_resnet(Bottleneck, (3, 4, 6, 3), 4, 1000), (3, 224, 224)),
    "vit-b16": (lambda: ViT(224, 3, 768, 12, 12, 16, 1000), (3, 224, 224)),
    "vit": (lambda: ViT(28, 1, 64, 6, 4, 4), (1, 28, 28)),
    "vit-ti": (lambda: ViT(32, 3, 192, 12, 3, 4), (3, 32, 32)),
    "autoencoder": (autoencoder, (3, 64, 64)),
    "mlp": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(True), nn.Linear(256, 10)), (1, 28, 28)),
    "tabular": (tabular, (17, 1, 1)),
}
