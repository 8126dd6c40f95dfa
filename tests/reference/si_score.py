"""A plain restatement of SI-Score's recipe (arXiv 2104.04191; the released code's arithmetic) in NumPy and Pillow.

    /usr/bin/python3 tests/reference/si_score.py --foregrounds DIR --backgrounds DIR --set size|location|rotation
        --out DIR [--threshold X] [--resolution N] [--png] [--threads N]

Needs Debian's python3-numpy and python3-pil. `sextant make-si-score` must give the same names, rows and pixels;
tests/reference/make_si_score_golden.py uses the functions below, `make bench` the command.
"""
import argparse
import csv
import itertools
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy
from PIL import Image

GRIDS = {  # x, y, area, rotation, resolution, threshold
    "size": ([0.5], [0.5], [i * 0.01 for i in range(1, 101)], [0.0], 512, 0.95),
    "location": ([i * 0.05 for i in range(21)], [i * 0.05 for i in range(21)], [0.2], [0.0], 500, 0.0),
    "rotation": ([0.5], [0.5], [0.2, 0.5, 0.8, 1.0], [1.0 + 20 * i for i in range(18)], 512, 0.95),
}


def read_objects(folder):
    """Classes in alphabetical order; objects (class, stem, RGBA picture) class by class."""
    classes, objects = [], []
    for name in sorted(os.listdir(folder)):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            if name not in classes:
                classes.append(name)
            picture = Image.open(os.path.join(folder, name, file)).convert("RGBA")
            objects.append((len(classes) - 1, os.path.splitext(file)[0], picture))
    return classes, objects


def read_background(path, resolution):
    picture = Image.open(path).convert("RGB")
    side = min(picture.size)
    return picture.crop((0, 0, side, side)).resize((resolution, resolution), Image.Resampling.BILINEAR)


def draw_pairs(objects, backgrounds, each):
    random = numpy.random.RandomState(0)
    return [(o, int(b)) for o in range(objects) for b in random.choice(backgrounds, each, replace=False)]


def turned(picture, area, rotation, resolution):
    width, height = picture.size
    factor = math.sqrt(area * resolution * resolution / (width * height))
    size = max(1, int(width * factor)), max(1, int(height * factor))
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    return picture.rotate(rotation, Image.Resampling.BICUBIC, expand=True) if rotation else picture


def corner(picture, x, y, resolution):
    width, height = picture.size
    return int(int(x * resolution) - 0.5 * width), int(int(y * resolution) - 0.5 * height)


def inside(picture, left, top, resolution):
    width, height = picture.size
    w = max(0, min(left + width, resolution) - max(left, 0))
    h = max(0, min(top + height, resolution) - max(top, 0))
    return w * h / (width * height)


def rows(grid, objects, pairs, each_picture=None, threshold=None):
    """Rows of metadata.csv in order; each_picture(id, class, background, object, left, top) sees what is made."""
    xs, ys, areas, rotations, resolution, published = grid
    threshold = published if threshold is None else threshold
    number = 0
    for (x, y), area, rotation, (o, background) in itertools.product(
            itertools.product(xs, ys), areas, rotations, pairs):
        klass, stem, picture = objects[o]
        placed = turned(picture, area, rotation, resolution)
        left, top = corner(placed, x, y, resolution)
        share = inside(placed, left, top, resolution)
        if share >= threshold:
            if each_picture:
                each_picture(number, klass, background, placed, left, top)
            yield [number, x, y, area, rotation, klass, stem, background, resolution, resolution, round(share, 4)]
        number += 1


HEADER = ["image_id", "x_coord", "y_coord", "area", "rotation", "foreground_class", "foreground_instance", "background",
          "bg_resolution_width", "bg_resolution_height", "pct_inside_image"]


def compose(ground, placed, left, top):
    canvas = ground.copy()
    canvas.paste(placed, (left, top), placed)
    return canvas


def main():
    parser = argparse.ArgumentParser()
    for flag in ("foregrounds", "backgrounds", "set", "out"):
        parser.add_argument("--" + flag, required=True)
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--resolution", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--png", action="store_true")
    arguments = parser.parse_args()
    grid = list(GRIDS[arguments.set])
    if arguments.resolution:
        grid[4] = arguments.resolution
    classes, objects = read_objects(arguments.foregrounds)
    names = sorted(os.listdir(arguments.backgrounds))
    grounds = [read_background(os.path.join(arguments.backgrounds, name), grid[4]) for name in names]
    pairs = draw_pairs(len(objects), len(names), 2)
    for name in classes:
        os.makedirs(os.path.join(arguments.out, name), exist_ok=True)
    ending = "png" if arguments.png else "jpg"
    made = []
    began = time.perf_counter()

    def save(number, klass, background, placed, left, top):
        path = os.path.join(arguments.out, classes[klass], f"{number}.{ending}")
        compose(grounds[background], placed, left, top).save(path)

    with ThreadPoolExecutor(arguments.threads) as pool:
        def later(*what):
            made.append(pool.submit(save, *what))
        table = list(rows(grid, objects, pairs, later, arguments.threshold))
    for done in made:
        done.result()
    print(f"{len(made)} pictures in {time.perf_counter() - began:.3f} s", flush=True)
    with open(os.path.join(arguments.out, "metadata.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(table)


if __name__ == "__main__":
    main()
