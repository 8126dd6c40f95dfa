"""Writes tests/data/tokens: a small file of merges, plain and gzipped, and the tokens of many texts.

    python3 tests/reference/make_byte_pair_golden.py

The merges are learnt from the sentences below (the most frequent pair, the earlier in the alphabet on a tie). The
encoder restates the published one from its description: bytes as symbols in its order, an ending on a word's last
symbol, the most urgent pair first. Only the standard library is used; letters, cases and composition are
unicodedata's. tests/unit/test_byte_pair.c reads the same files.
"""
import collections
import gzip
import html
import json
import os
import unicodedata

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "tokens")
MERGES = 130
CORPUS = """a photo of a cat. a photo of a dog. a photo of the large cat. a photo of the small dog. art of the cat.
itap of a red triangle. a bad photo of the blue square. a origami cat. a cat in a video game. it's the dog's ball.
they're here, we've seen them, i'm sure he'll come, i'd go. the café au lait, naïve résumé, über straße. 42 degrees!
100 % of 2024. κόσμος и мир 日本語 naïve café the photos of cats and dogs, a photograph of photographs."""
TEXTS = ["a photo of a cat", "a photo of a dog.", "A Photo OF\tthe\n  LARGE   cat  ", "", "   ", "it's 42 degrees!",
         "they're we've I'm he'll I'd don't o'clock 'tis ''s 's", "1234 a1b2c3 10,000 ½ ² Ⅷ ٣", "café cafe\u0301 CAFÉ",
         "ÜBER STRASSE straße ẞ İstanbul ΚΌΣΜΟΣ ΟΔΟΣ Σ", "日本語のテキスト 中文 한국어", "emoji 🐱 and 👩‍👩‍👧 here", "a&amp;b &lt;tag&gt; &quot;q&quot;",
         "&amp;amp; &amp;lt; &amp;amp;amp;", "caf&eacute; &#233; &#xE9; &#x1F431; &hellip; &nbsp;x&nbsp;", "AT&T R&D &unknown; & &; &#; &#x;",
         "&#0; &#xD800; &#x110000; &#99999999999999;", "x\u00a0y\u2003z\u3000w", "<|startoftext|>a<|endoftext|> b !<|endoftext|>",
         "<|STARTOFTEXT|>", "!!! ... ?!; -- --- (a) [b] {c}", "snake_case camelCase http://a.b/c?d=e", "'ſ it'ſ",
         "Ω \u2126 \u212b ﬁ ﬀ", "aaaaaaaaaaaaaaaa", "photophotophoto photographs", "\u200bzero\u200bwidth \ufeff", "e\u0301\u0301 a\u0300b",
         "ѐ Ж Ѩ Ə ɑ Ǆ ǅ ǆ", "¡ ¢ £ ­ ® ¬ ÿ Ā ğ", "\u0130\u0130", "a photo of a " + "cat " * 8]


def byte_symbols():
    seen = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in seen]
    return {b: chr(b) for b in seen} | {b: chr(256 + i) for i, b in enumerate(rest)}


SYMBOLS = byte_symbols()


def clean(text):
    text = html.unescape(html.unescape(unicodedata.normalize("NFC", text)))
    return " ".join(text.split()).lower()


def pieces(text):
    """The published pattern: names | endings | letters | one digit | others."""
    at, out = 0, []
    kind = lambda c: "S" if c.isspace() else unicodedata.category(c)[0] if unicodedata.category(c)[0] in "LN" else "O"
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        fixed = [w for w in ("<|startoftext|>", "<|endoftext|>", "'s", "'ſ", "'t", "'re", "'ve", "'m", "'ll", "'d")
                 if text.startswith(w, at)]
        end = at + 1
        if fixed:
            end = at + len(fixed[0])
        elif kind(text[at]) != "N":
            while end < len(text) and kind(text[end]) == kind(text[at]):
                end += 1
        out.append(text[at:end])
        at = end
    return out


def word_of(piece):
    symbols = [SYMBOLS[b] for b in piece.encode()]
    return symbols[:-1] + [symbols[-1] + "</w>"]


def joined(word, pair):
    out, i = [], 0
    while i < len(word):
        if tuple(word[i:i + 2]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def learn():
    words = collections.Counter(tuple(word_of(p)) for p in pieces(clean(CORPUS)))
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = collections.Counter({tuple(joined(list(w), best)): n for w, n in words.items()})
    return merges


def encode(text, merges):
    vocabulary = list(SYMBOLS.values())
    order = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    order += [b for b in range(256) if b not in order]
    vocabulary = [SYMBOLS[b] for b in order]
    vocabulary += [v + "</w>" for v in vocabulary] + ["".join(m) for m in merges]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    number = {v: i for i, v in enumerate(vocabulary)}
    rank = {m: i for i, m in enumerate(merges)}
    ids = [number["<|startoftext|>"]]
    for piece in pieces(clean(text)):
        if piece in ("<|startoftext|>", "<|endoftext|>"):
            ids.append(number[piece])
            continue
        word = word_of(piece)
        while True:
            known = [p for p in zip(word, word[1:]) if p in rank]
            if not known:
                break
            word = joined(word, min(known, key=rank.get))
        ids += [number[s] for s in word]
    return ids + [number["<|endoftext|>"]]



def write():
    merges = learn()
    lines = "\n".join(" ".join(m) for m in merges) + "\n"
    with open(os.path.join(HERE, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + lines)
    with open(os.path.join(HERE, "merges.txt.gz"), "wb") as file:
        file.write(gzip.compress(('"small.txt#version: 0.2\n' + lines).encode(), mtime=0))
    with open(os.path.join(HERE, "golden.json"), "w", encoding="ascii") as file:
        json.dump([{"text": t, "ids": encode(t, merges)} for t in TEXTS], file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    write()
