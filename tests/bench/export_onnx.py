"""Writes the models that `make bench` only predicts with as ONNX files, for ONNX Runtime's side.

    export_onnx.py FOLDER NAME:BATCH...

Files are FOLDER/NAME-BATCH.onnx; what is there already is kept. Batch norm stays as it is: folding
it is the runtime's work, as it is ours.
"""
import os
import sys

import torch

from torch_models import CASES

torch.manual_seed(0)
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
for what in sys.argv[2:]:
    name, batch = what.rsplit(":", 1)
    path = os.path.join(folder, f"{name}-{batch}.onnx")
    if os.path.exists(path):
        continue
    make, shape = CASES[name]
    network = make().eval()
    torch.onnx.export(network, torch.zeros(int(batch), *shape), path + ".part", opset_version=17,
                      input_names=["images"], output_names=["logits"],
                      training=torch.onnx.TrainingMode.EVAL)
    os.rename(path + ".part", path)
