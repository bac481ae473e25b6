"""Writes scalars as TensorBoard's users in Python do: for each line of stdin, so many steps of ten tags into a new directory; prints the seconds that it took."""

import shutil
import sys
import tempfile
import time

if sys.argv[1] == "torch":
    from torch.utils.tensorboard import SummaryWriter
else:
    from tensorboardX import SummaryWriter

tags = [f"train/metric_{i}" for i in range(10)]

for line in sys.stdin:
    folder = tempfile.mkdtemp(prefix="trainyard-bench-")
    start = time.perf_counter()
    writer = SummaryWriter(folder)
    for step in range(1, int(line) + 1):
        for tag in tags:
            writer.add_scalar(tag, step / 2, step)
    writer.flush()
    writer.close()
    print(time.perf_counter() - start, flush=True)
    shutil.rmtree(folder)
