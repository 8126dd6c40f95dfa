#!/usr/bin/python3
"""Makes tests/data/format: small pictures of every kind, expected.txt with their pixels, and a
safetensors file.

Run from the project's root with the system's python3 and Debian's python3-pil. Pillow writes what it
can write; kinds it cannot write (2 and 4 bit grey, 16 bit colour, Adam7) are put together here from
the PNG specification, second edition, and Pillow must read them without complaint. Expected pixels
of PNG come from the source samples, those of JPEG from Pillow's decoder.
expected.txt: one line per picture: file, height, width, channels, pixels in hexadecimal digits.
"""
import io
import json
import os
import struct
import zlib

from PIL import Image, ImageOps

FOLDER = "tests/data/format"
WIDTH, HEIGHT = 9, 7
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
expected = []


def sample(y, x, channel, depth):
    """A picture whose every row, column and channel differs."""
    return (y * 7919 + x * 104729 + channel * 31337 + y * x * 613 + 5) % (1 << depth)


def rows_of(colour, depth):
    return [[[sample(y, x, c, depth) for c in range(CHANNELS[colour])] for x in range(WIDTH)]
            for y in range(HEIGHT)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_row(pixels, depth):
    values = [value for pixel in pixels for value in pixel]
    if depth == 16:
        return struct.pack(">%dH" % len(values), *values)
    bits = "".join(format(value, "0%db" % depth) for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def png(rows, colour, depth, adam7=False, extra=b""):
    data = b""
    for x0, y0, dx, dy in ADAM7 if adam7 else [(0, 0, 1, 1)]:
        for row in rows[y0::dy]:
            if row[x0::dx]:
                data += b"\0" + pack_row(row[x0::dx], depth)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, int(adam7))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def to_8(value, depth):
    top = (1 << depth) - 1
    return (value * 255 + top // 2) // top


def plain_pixels(rows, colour, depth):
    """What sextant must make of samples without palette or tRNS."""
    out = bytearray()
    for row in rows:
        for pixel in row:
            values = [to_8(value, depth) for value in pixel]
            out += bytes(values[:1] * 3 + values[1:] if colour == GREY_ALPHA else values)
    return bytes(out), {GREY: 1, RGB: 3, GREY_ALPHA: 4, RGBA: 4}[colour]


def keep(name, data, pixels, channels, width=WIDTH, height=HEIGHT):
    Image.open(io.BytesIO(data)).load()
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(data)
    assert len(pixels) == width * height * channels, name
    expected.append("%s %d %d %d %s" % (name, height, width, channels, pixels.hex()))


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def by_pillow(colour, depth, mode):
    rows = rows_of(colour, depth)
    flat = b"".join(pack_row(row, depth) for row in rows)
    if depth == 16:  # Pillow keeps grey of 16 bits in the machine's order
        flat = struct.pack("<%dH" % (len(flat) // 2), *struct.unpack(">%dH" % (len(flat) // 2), flat))
    return rows, saved(Image.frombytes(mode, (WIDTH, HEIGHT), flat), "PNG")


def make_plain_pngs():
    for name, colour, depth, mode in [("grey1", GREY, 1, "1"), ("grey8", GREY, 8, "L"),
                                      ("grey16", GREY, 16, "I;16"), ("rgb8", RGB, 8, "RGB"),
                                      ("grey-alpha8", GREY_ALPHA, 8, "LA"), ("rgba8", RGBA, 8, "RGBA")]:
        rows, data = by_pillow(colour, depth, mode)
        keep(name + ".png", data, *plain_pixels(rows, colour, depth))
    for name, colour, depth, adam7 in [("grey2", GREY, 2, False), ("grey4", GREY, 4, False),
                                       ("rgb16", RGB, 16, False), ("grey-alpha16", GREY_ALPHA, 16, False),
                                       ("rgba16", RGBA, 16, False), ("grey1-adam7", GREY, 1, True),
                                       ("rgb8-adam7", RGB, 8, True), ("rgba16-adam7", RGBA, 16, True)]:
        rows = rows_of(colour, depth)
        keep(name + ".png", png(rows, colour, depth, adam7), *plain_pixels(rows, colour, depth))


def make_palette_pngs():
    for depth in (1, 2, 4, 8):
        rows = rows_of(PALETTE, depth)
        palette = [(i * 37 % 256, 255 - i, i * 101 % 256) for i in range(1 << depth)]
        alpha = bytes(i * 59 % 256 for i in range(1 << depth))
        image = Image.frombytes("P", (WIDTH, HEIGHT), b"".join(pack_row(row, 8) for row in rows))
        image.putpalette([value for colour in palette for value in colour])
        indices = [pixel[0] for row in rows for pixel in row]
        keep("palette%d.png" % depth, saved(image, "PNG", bits=depth),
             b"".join(bytes(palette[i]) for i in indices), 3)
        if depth in (4, 8):
            keep("palette%d-trns.png" % depth, saved(image, "PNG", bits=depth, transparency=alpha),
                 b"".join(bytes(palette[i]) + alpha[i:i + 1] for i in indices), 4)
    extra = chunk(b"PLTE", bytes(value for colour in palette[:16] for value in colour))
    rows = rows_of(PALETTE, 4)
    keep("palette4-adam7.png", png(rows, PALETTE, 4, True, extra),
         b"".join(bytes(palette[pixel[0]]) for row in rows for pixel in row), 3)


def make_keyed_pngs():
    """One sample value or colour is transparent; the key is that of the pixel (3, 4)."""
    for name, colour, depth in [("grey8-trns", GREY, 8), ("grey16-trns", GREY, 16), ("rgb8-trns", RGB, 8)]:
        rows = rows_of(colour, depth)
        key = rows[3][4]
        extra = chunk(b"tRNS", struct.pack(">%dH" % len(key), *key))
        pixels = bytearray()
        for row in rows:
            for pixel in row:
                values = [to_8(value, depth) for value in pixel] * (3 if colour == GREY else 1)
                pixels += bytes(values + [0 if pixel == key else 255])
        keep(name + ".png", png(rows, colour, depth, False, extra), bytes(pixels), 4)


def smooth(mode):
    image = Image.new("RGB", (20, 13))
    image.putdata([(x * 12, y * 19, (x * y) % 256) for y in range(13) for x in range(20)])
    return image.convert(mode)


def keep_jpeg(name, data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    keep(name, data, image.tobytes(), len(image.getbands()), *image.size)


def make_jpegs():
    keep_jpeg("grey.jpg", saved(smooth("L"), "JPEG", quality=90))
    keep_jpeg("rgb444.jpg", saved(smooth("RGB"), "JPEG", quality=90, subsampling=0))
    keep_jpeg("rgb420.jpg", saved(smooth("RGB"), "JPEG", quality=90, subsampling=2))
    keep_jpeg("progressive.jpg", saved(smooth("RGB"), "JPEG", quality=90, subsampling=0, progressive=True))
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    exif[0x0112] = 6
    keep_jpeg("orientation6.jpg", saved(smooth("RGB"), "JPEG", quality=90, subsampling=0, exif=exif.tobytes()))
    intel = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 8, 0) + b"\0\0\0\0"
    keep_jpeg("orientation8.jpg", saved(smooth("L"), "JPEG", quality=90, exif=intel))
    with open(os.path.join(FOLDER, "cmyk.jpg"), "wb") as file:
        file.write(saved(smooth("CMYK"), "JPEG", quality=50))


def make_safetensors():
    """Laid out as the reference library does: wide types first, header padded to 8 with blanks."""
    parts = [("steps", "I64", [2], struct.pack("<2q", -3, 1 << 40)), ("weight", "F32", [2, 3], struct.pack("<6f", *range(6))),
             ("scalar", "F32", [], struct.pack("<f", 0.5)), ("mask", "U8", [3], b"\1\0\1")]
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape, data in parts:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, "sample.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, _, data in parts))


os.makedirs(FOLDER, exist_ok=True)
make_plain_pngs()
make_palette_pngs()
make_keyed_pngs()
make_jpegs()
make_safetensors()
with open(os.path.join(FOLDER, "expected.txt"), "w") as file:
    file.write("\n".join(expected) + "\n")
