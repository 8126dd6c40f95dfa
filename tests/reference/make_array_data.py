"""Writes tests/data/arrays: small data sets as NumPy saves them, and one in CIFAR's binary form.

    /usr/bin/python3 tests/reference/make_array_data.py

Needs Debian's python3-numpy. Picture i of a set is full of the value i, its channels i, i + 1, i + 2;
its label is i % 3. tests/unit/test_arrays.c knows this.
"""
import os

import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "arrays")
os.makedirs(os.path.join(HERE, "folder"), exist_ok=True)
os.makedirs(os.path.join(HERE, "cifar10"), exist_ok=True)
os.makedirs(os.path.join(HERE, "cifar100"), exist_ok=True)
COUNT, HEIGHT, WIDTH = 66, 3, 5
i = np.arange(COUNT)
grey = np.broadcast_to(i[:, None, None], (COUNT, HEIGHT, WIDTH)).astype(np.uint8)
colour = np.stack([grey, grey + 1, grey + 2], axis=3).astype(np.uint8)
labels = i % 3

np.savez(os.path.join(HERE, "bytes.npz"), images=grey, labels=labels.astype(np.uint8))
np.savez_compressed(os.path.join(HERE, "split.npz"), x_train=colour, y_train=labels[:, None], x_test=colour[:12],
                    y_test=labels[:12, None])
np.savez_compressed(os.path.join(HERE, "planes.npz"), x=np.moveaxis(colour, 3, 1).astype(np.float32) / 255,
                    y=labels.astype(np.int16))
np.savez_compressed(os.path.join(HERE, "halves.npz"), x=(grey / 255).astype(np.float16), y=labels.astype(np.int8))
np.save(os.path.join(HERE, "folder", "images.npy"), colour.astype(np.int32))
np.save(os.path.join(HERE, "folder", "labels.npy"), labels.astype(np.int64))


def cifar(path, count, label_bytes):
    """Records of labels (the last counts) and three planes."""
    with open(path, "wb") as file:
        for k in range(count):
            file.write(bytes([7] * (label_bytes - 1) + [k % 3]))
            for c in range(3):
                file.write(bytes([k + c]) * 1024)


cifar(os.path.join(HERE, "cifar10", "data_batch_1.bin"), 40, 1)
cifar(os.path.join(HERE, "cifar10", "data_batch_2.bin"), 26, 1)
cifar(os.path.join(HERE, "cifar10", "test_batch.bin"), 6, 1)
with open(os.path.join(HERE, "cifar10", "batches.meta.txt"), "w") as file:
    file.write("airplane\nautomobile\nbird\n")
cifar(os.path.join(HERE, "cifar100", "train.bin"), 66, 2)
