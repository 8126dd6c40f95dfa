"""Writes tests/data/checkpoints/clip-*: small CLIPs under both published namings, and what PyTorch makes of them.

    /usr/bin/python3 tests/reference/make_clip_golden.py

Needs Debian's python3-torch and python3-numpy. NAME.safetensors is the model; NAME.golden.safetensors has an input
(channels last), token ids of the captions, both embeddings, activations inside, the contrastive loss of the three
pairs with its gradients under the model's names, the zero-shot columns of the classes below through the prompts
below, the logits with them, and the classes of a thousand inputs. The towers are restated here from the published
description, in double precision. Also the headers of the published sizes. tests/unit/test_clip_checkpoint.c reads all this.
"""
import os
import zlib

import torch
import torch.nn.functional as F

from make_byte_pair_golden import encode, learn
from published import HERE, Tensors, made_up, write_header, write_safetensors

CLASSES = ["cat", "dog", "red triangle", "blue square", "café"]
PROMPTS = ["a photo of a {}.", "art of the {}.", "a {} in a video game."]
CAPTIONS = ["a photo of a cat.", "it's the dog's ball", "a bad photo of the blue square, 42 of them"]
CONTEXT, EMBED, DIM, TEXT, DEPTH, HEADS, PATCH, SIDE = 24, 12, 16, 8, 2, 2, 4, 12
MERGES = learn()


class OpenAI:
    """Where OpenAI's files keep the weights. Linear maps come back as [out, in]."""
    projections = "visual.proj", "text_projection"
    image = {"blocks": "visual.transformer.resblocks.", "class": "visual.class_embedding", "first": "visual.ln_pre",
             "position": "visual.positional_embedding", "patches": "visual.conv1.weight", "last": "visual.ln_post"}
    text = {"blocks": "transformer.resblocks.", "token": "token_embedding.weight", "position": "positional_embedding",
            "last": "ln_final"}
    norms, out, inner, outer = ("ln_1", "ln_2"), "attn.out_proj", "mlp.c_fc", "mlp.c_proj"

    def __init__(self, t):
        self.t = t

    def affine(self, name, dim):
        return self.t.get(name + ".weight", dim, mean=1), self.t.get(name + ".bias", dim)

    def linear(self, name, into, out):
        return self.t.get(name + ".weight", out, into), self.t.get(name + ".bias", out)

    def qkv(self, block, dim):
        return self.t.get(block + "attn.in_proj_weight", 3 * dim, dim), self.t.get(block + "attn.in_proj_bias", 3 * dim)

    def projection(self, tower, into):
        return self.t.get(self.projections[tower], into, EMBED)


class HuggingFace(OpenAI):
    projections = "visual_projection.weight", "text_projection.weight"
    image = {"blocks": "vision_model.encoder.layers.", "class": "vision_model.embeddings.class_embedding",
             "position": "vision_model.embeddings.position_embedding.weight", "first": "vision_model.pre_layrnorm",
             "patches": "vision_model.embeddings.patch_embedding.weight", "last": "vision_model.post_layernorm"}
    text = {"blocks": "text_model.encoder.layers.", "token": "text_model.embeddings.token_embedding.weight",
            "position": "text_model.embeddings.position_embedding.weight", "last": "text_model.final_layer_norm"}
    norms, out, inner, outer = ("layer_norm1", "layer_norm2"), "self_attn.out_proj", "mlp.fc1", "mlp.fc2"

    def qkv(self, block, dim):
        parts = [self.linear(block + "self_attn." + p, dim, dim) for p in ("q_proj", "k_proj", "v_proj")]
        return torch.cat([w for w, _ in parts]), torch.cat([b for _, b in parts])

    def projection(self, tower, into):
        return self.t.get(self.projections[tower], EMBED, into).t()


def blocks(n, x, names, at, prefix, causal):
    dim = x.shape[2]
    mask = torch.full((x.shape[1], x.shape[1]), -torch.inf).triu(1) if causal else 0

    def norm(name, v):
        return F.layer_norm(v, (dim,), *n.affine(name, dim), eps=1e-5)

    for i in range(DEPTH):
        block = f"{names['blocks']}{i}."
        qkv = F.linear(norm(block + n.norms[0], x), *n.qkv(block, dim))
        q, k, v = qkv.reshape(*x.shape[:2], 3, HEADS, dim // HEADS).permute(2, 0, 3, 1, 4)
        y = (torch.softmax(q @ k.transpose(2, 3) / (dim // HEADS) ** 0.5 + mask, 3) @ v).transpose(1, 2).reshape(x.shape)
        at[f"{prefix}block{i + 1}.attention"] = y[:, None]
        x = x + F.linear(y, *n.linear(block + n.out, dim, dim))
        y = F.linear(norm(block + n.norms[1], x), *n.linear(block + n.inner, dim, 4 * dim))
        x = x + F.linear(y * torch.sigmoid(1.702 * y), *n.linear(block + n.outer, 4 * dim, dim))
    return x


def unit(v):
    return v / v.norm(dim=-1, keepdim=True)


def image_embedding(n, x, at):
    names = n.image
    x = F.conv2d(x, n.t.get(names["patches"], DIM, 3, PATCH, PATCH), None, stride=PATCH)
    at["patches"] = x.permute(0, 2, 3, 1)
    x = torch.cat([n.t.get(names["class"], DIM).expand(x.shape[0], 1, -1), x.flatten(2).transpose(1, 2)], 1)
    x = x + n.t.get(names["position"], x.shape[1], DIM)
    x = F.layer_norm(x, (DIM,), *n.affine(names["first"], DIM), eps=1e-5)
    x = blocks(n, x, names, at, "", False)[:, 0]
    return unit(F.layer_norm(x, (DIM,), *n.affine(names["last"], DIM), eps=1e-5) @ n.projection(0, DIM))


def text_embedding(n, ids, at):
    names = n.text
    x = F.embedding(ids, n.t.get(names["token"], len(MERGES) + 514, TEXT)) + n.t.get(names["position"], CONTEXT, TEXT)
    x = blocks(n, x, names, at, "text.", True)
    x = F.layer_norm(x, (TEXT,), *n.affine(names["last"], TEXT), eps=1e-5)
    return unit(x[torch.arange(len(ids)), ids.argmax(1)] @ n.projection(1, TEXT))


def scale(n):
    return n.t.get("logit_scale", mean=2.5).exp()


def tokens(texts):
    rows = [encode(t, MERGES) for t in texts]
    return torch.tensor([r + [0] * (CONTEXT - len(r)) for r in rows])


def columns(n):
    means = [text_embedding(n, tokens([p.replace("{}", c) for p in PROMPTS]), {}).mean(0) for c in CLASSES]
    return unit(torch.stack(means)).t()


def contrastive(n, images, ids):
    similar = scale(n) * image_embedding(n, images, {}) @ text_embedding(n, ids, {}).t()
    own = torch.arange(len(ids))
    return (F.cross_entropy(similar, own) + F.cross_entropy(similar.t(), own)) / 2


def make(name, naming, prefix=""):
    torch.manual_seed(zlib.crc32(name.encode()))
    x = torch.randn(3, SIDE, SIDE, 3).to(torch.float32).to(torch.float64)
    n, at, images, ids = naming(Tensors()), {}, x.permute(0, 3, 1, 2), tokens(CAPTIONS)
    loss = contrastive(n, images, ids)
    gradients = torch.autograd.grad(loss, list(n.t.values()))
    many = made_up(1000, SIDE)
    with torch.no_grad():
        head = columns(n)
        golden = {"input": x, "tokens": ids.double(), "embedding/image": image_embedding(n, images, at),
                  "embedding/text": text_embedding(n, ids, at), "loss": loss.reshape(1), "columns": head}
        golden["logits"] = scale(n) * golden["embedding/image"] @ head
        answers = scale(n) * image_embedding(n, many.permute(0, 3, 1, 2), {}) @ head
    best = answers.topk(2, 1)
    golden.update({"many/class": best.indices[:, 0].double(),
                   "many/gap": (best.values[:, 0] - best.values[:, 1]) / answers.norm(dim=1)})
    golden.update({"at/" + k: v for k, v in at.items()})
    golden.update({"gradient/" + k: g for k, g in zip(n.t, gradients)})
    write_safetensors(os.path.join(HERE, name + ".golden.safetensors"), golden)
    write_safetensors(os.path.join(HERE, name + ".safetensors"), {prefix + k: v.detach() for k, v in n.t.items()})


# ---- names and shapes of the published sizes -----------------------------------------------------

def tower_names(blocks, d, depth, norms, out, inner, outer, qkv):
    names = {}
    for i in range(depth):
        b = f"{blocks}{i}."
        names.update({b + f"{m}.{k}": [d] for m in norms for k in ("weight", "bias")})
        names.update({b + k: v for k, v in qkv(d).items()})
        names.update({b + out + ".weight": [d, d], b + out + ".bias": [d], b + inner + ".weight": [4 * d, d],
                      b + inner + ".bias": [4 * d], b + outer + ".weight": [d, 4 * d], b + outer + ".bias": [d]})
    return names


def whole_names(n, qkv, turned, d, depth, patch, embed, text):
    names = {"logit_scale": []}
    names.update({n.image["class"]: [d], n.image["position"]: [(224 // patch) ** 2 + 1, d],
                  n.image["patches"]: [d, 3, patch, patch], n.text["token"]: [49408, text], n.text["position"]: [77, text]})
    for norm, size in ((n.image["first"], d), (n.image["last"], d), (n.text["last"], text)):
        names.update({norm + ".weight": [size], norm + ".bias": [size]})
    parts = n.norms, n.out, n.inner, n.outer, qkv
    names.update(tower_names(n.image["blocks"], d, depth, *parts))
    names.update(tower_names(n.text["blocks"], text, 12, *parts))
    for name, size in zip(n.projections, (d, text)):
        names[name] = [embed, size] if turned else [size, embed]
    return names


def openai_qkv(d):
    return {"attn.in_proj_weight": [3 * d, d], "attn.in_proj_bias": [3 * d]}


def huggingface_qkv(d):
    return {f"self_attn.{p}_proj.{k}": s for p in "qkv" for k, s in (("weight", [d, d]), ("bias", [d]))}


if __name__ == "__main__":
    make("clip-openai", OpenAI)
    make("clip-huggingface", HuggingFace, "module.")
    for size, d, depth, patch, embed, text in (("b32", 768, 12, 32, 512, 512), ("b16", 768, 12, 16, 512, 512),
                                               ("l14", 1024, 24, 14, 768, 768)):
        write_header(f"clip-{size}-openai", whole_names(OpenAI, openai_qkv, False, d, depth, patch, embed, text))
        names = whole_names(HuggingFace, huggingface_qkv, True, d, depth, patch, embed, text)
        names.update({"text_model.embeddings.position_ids": [1, 77],
                      "vision_model.embeddings.position_ids": [1, (224 // patch) ** 2 + 1]})
        write_header(f"clip-{size}-huggingface", names)
