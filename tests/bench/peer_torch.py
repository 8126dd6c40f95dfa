"""PyTorch's side of `make bench`: trains and infers the same models when told to.

Reads lines "NAME train|predict BATCH SECONDS" and answers each with images a second; "quit" ends.
The first line it writes says versions, threads and BLAS, or "absent" if PyTorch is not installed.
"""
import os
import sys
import time

try:
    import torch
except ImportError:
    print("absent", flush=True)
    sys.exit(0)

from torch_models import CASES

torch.set_num_threads(int(os.environ.get("SX_THREADS", "2")))
torch.manual_seed(0)
ready = {}


def case(name, training, batch):
    """A function that makes one step."""
    make, shape = CASES[name]
    network = make().train(training)
    images = torch.randn(batch, *shape)
    if not training:
        def predict():
            with torch.inference_mode():
                network(images)
        return predict
    labels = torch.arange(batch) % 6
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)

    def train():
        optimizer.zero_grad(set_to_none=True)
        output = network(images)
        loss = torch.nn.functional.mse_loss(output, images) if name == "autoencoder" else \
            torch.nn.functional.cross_entropy(output, labels)
        loss.backward()
        optimizer.step()
        return loss.item()
    return train


WARM_UP = 0.2  # seconds, as in bench_core.c


def measure(step, batch, seconds):
    start, done = time.perf_counter(), 0
    while True:
        step()
        if time.perf_counter() >= start + WARM_UP:
            break
    start = time.perf_counter()
    while True:
        step()
        done += 1
        now = time.perf_counter()
        if now >= start + seconds:
            return done * batch / (now - start)


def blas():
    with open("/proc/self/maps") as maps:
        names = {os.path.realpath(line.split()[-1]) for line in maps if "blas" in line}
    return ", ".join(sorted(names)) or "none"


print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {blas()}", flush=True)
for line in sys.stdin:
    if line.strip() == "quit":
        break
    name, mode, batch, seconds = line.split()
    key = (name, mode, batch)
    if key not in ready:
        ready[key] = case(name, mode == "train", int(batch))
    print(measure(ready[key], int(batch), float(seconds)), flush=True)
