"""Writes tests/data/si-score: small objects and photographs, and the set that si_score.py composes of them.

    /usr/bin/python3 tests/reference/make_si_score_golden.py

tests/unit/test_si_score.c builds the same set and compares rows and pixels (pictures.npy, in the order of the rows).
"""
import csv
import os

import numpy
from PIL import Image

import si_score

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "si-score")
random = numpy.random.default_rng(11)


def blob(width, height):
    """A colourful object with a soft edge and a hole."""
    y, x = numpy.mgrid[0:height, 0:width]
    u, v = (x + 0.5) / width * 2 - 1, (y + 0.5) / height * 2 - 1
    radius = numpy.hypot(u, v)
    alpha = numpy.clip((1 - radius) * 6, 0, 1) * numpy.clip((radius - 0.2) * 8, 0, 1)
    colours = [127 + 120 * numpy.sin(random.uniform(2, 9) * u + random.uniform(2, 9) * v + k) for k in range(3)]
    return numpy.stack(colours + [255 * alpha], -1).round().astype(numpy.uint8)


def photograph(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    return numpy.stack([127 + 100 * numpy.sin(x / random.uniform(3, 9) + y / random.uniform(3, 9)) +
                        random.integers(-20, 20, (height, width)) for _ in range(3)], -1).clip(0, 255).astype(numpy.uint8)


OBJECTS = {"banana": [(31, 22), (17, 40)], "zebra": [(26, 26)]}
for name, sizes in OBJECTS.items():
    os.makedirs(os.path.join(HERE, "foregrounds", name), exist_ok=True)
    for k, size in enumerate(sizes):
        Image.fromarray(blob(*size), "RGBA").save(os.path.join(HERE, "foregrounds", name, f"{name}_{k}.png"))
os.makedirs(os.path.join(HERE, "backgrounds"), exist_ok=True)
for k, (size, mode) in enumerate([((70, 50), "RGB"), ((33, 61), "RGB"), ((40, 40), "L"), ((64, 48), "RGB"), ((48, 48), "RGB")]):
    Image.fromarray(photograph(*size)).convert(mode).save(os.path.join(HERE, "backgrounds", f"{k}-photo.png"))

grid = ([0.0, 0.49, 0.9], [0.3, 0.5], [0.05, 0.4, 0.7], [0.0, 1.0, 41.0, 90.0, 200.0], 36, 0.6)
with open(os.path.join(HERE, "grid.ini"), "w") as file:
    file.write("[grid]\nx = 0 0.49 0.9\ny = 0.3 0.5\narea = 0.05, 0.4 0.7\nrotation = 0 1 41 90 200\nresolution = 36\n"
               "threshold = 0.6\n")
classes, objects = si_score.read_objects(os.path.join(HERE, "foregrounds"))
names = sorted(os.listdir(os.path.join(HERE, "backgrounds")))
grounds = [si_score.read_background(os.path.join(HERE, "backgrounds", n), grid[4]) for n in names]
pairs = si_score.draw_pairs(len(objects), len(names), 2)
pictures = []
table = list(si_score.rows(grid, objects, pairs, lambda number, klass, b, placed, left, top: pictures.append(
    numpy.asarray(si_score.compose(grounds[b], placed, left, top)))))
numpy.save(os.path.join(HERE, "pictures.npy"), numpy.stack(pictures))
with open(os.path.join(HERE, "metadata.csv"), "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(si_score.HEADER)
    writer.writerows(table)
# what NumPy draws for larger sets, and how Python prints numbers
with open(os.path.join(HERE, "draws.csv"), "w") as file:
    file.write("seed,bound,first,second,third\n")
    for seed, bound in ((0, 867), (0, 3), (7, 65536), (4294967295, 100000)):
        state = numpy.random.RandomState(seed)
        state.choice(bound, 3, replace=False)
        file.write(",".join(str(int(v)) for v in (seed, bound, *state.choice(bound, 3, replace=False))) + "\n")
with open(os.path.join(HERE, "numbers.txt"), "w") as file:
    for value in [i * 0.05 for i in range(21)] + [0.1, 1.0, 341.0, 1e-5, 1e16, 123456789012345680.0, 0.0001, 1 / 3,
                                                  5e-324, 1e22, 100.0, 2.5e-8]:
        file.write(f"{value!r}\n")
