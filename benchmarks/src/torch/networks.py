"""Prints milliseconds a training step of seven networks in PyTorch on one thread: {network: {"cpu", "wall"}}.

The networks are those of packages/testing/src/networks: the same layers, sizes and batches, written as users
of PyTorch do. Inputs are drawn by chance, as they do not matter for the time.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16, eps=1e-3, momentum=0.01),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(7 * 7 * 32, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, x):
        return self.features(x)


class Separable(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
            nn.Conv2d(8, 16, 1),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, groups=16),
        )
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.cells = kind(16, 32, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        states, _ = self.cells(x)
        return self.head(states[:, -1])


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(500, 32)
        self.norm = nn.LayerNorm(32, eps=1e-3)
        self.convolution = nn.Conv1d(32, 32, 3)
        self.head = nn.Linear(32, 10)

    def forward(self, ids):
        x = self.norm(self.words(ids)).transpose(1, 2)
        return self.head(F.relu(self.convolution(x)).amax(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.dense_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.queries_keys_values(self.attention_norm(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(F.gelu(self.expand(self.dense_norm(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self, words=64, length=32, width=64, heads=4, blocks=2):
        super().__init__()
        self.embeddings = nn.Parameter(0.1 * torch.randn(words, width))
        self.positions = nn.Parameter(0.1 * torch.randn(length, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.blocks(F.embedding(ids, self.embeddings) + self.positions)
        return (self.norm(x) @ self.embeddings.T).flatten(0, 1)


def mlp():
    return nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    )


NETWORKS = {
    "MLP": (mlp, lambda: torch.randn(64, 784), lambda: torch.randint(10, (64,))),
    "CNN": (CNN, lambda: torch.randn(32, 1, 28, 28), lambda: torch.randint(10, (32,))),
    "separable": (Separable, lambda: torch.randn(16, 8, 16, 16), lambda: torch.randint(10, (16,))),
    "LSTM": (lambda: Recurrent(nn.LSTM), lambda: torch.randn(32, 20, 16), lambda: torch.randint(10, (32,))),
    "GRU": (lambda: Recurrent(nn.GRU), lambda: torch.randn(32, 20, 16), lambda: torch.randint(10, (32,))),
    "embedding": (Embedding, lambda: torch.randint(500, (32, 32)), lambda: torch.randint(10, (32,))),
    "transformer": (Transformer, lambda: torch.randint(64, (16, 32)), lambda: torch.randint(64, (16 * 32,))),
}


def measure(network, xs, ys, warm_up, seconds):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(xs), ys).backward()
        optimizer.step()

    for _ in range(warm_up):
        step()
    cpu, wall = [], []
    end = time.perf_counter() + seconds
    while True:
        before = time.process_time(), time.perf_counter()
        step()
        cpu.append(1000 * (time.process_time() - before[0]))
        wall.append(1000 * (time.perf_counter() - before[1]))
        if time.perf_counter() > end:
            return {"cpu": statistics.median(cpu), "wall": statistics.median(wall)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    times = {}
    for name, (make, xs, ys) in NETWORKS.items():
        times[name] = measure(make(), xs(), ys(), options.warm_up, options.seconds)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
