"""Trains the network of program.mjs on its batches, from its weights; prints the losses, in JSON."""

import json
import sys

import torch
import torch.nn.functional as F

with open(sys.argv[1]) as file:
    training = json.load(file)
weights = [torch.tensor(weight, dtype=torch.float32, requires_grad=True) for weight in training["weights"]]
optimizer = torch.optim.Adam(weights, lr=0.001)

losses = []
for step in range(len(training["losses"])):
    batch = training["batches"][step % len(training["batches"])]
    x = torch.tensor(batch["xs"], dtype=torch.float32)
    for layer in range(0, len(weights), 2):
        x = x @ weights[layer] + weights[layer + 1]
        if layer + 2 < len(weights):
            x = F.relu(x)
    loss = F.cross_entropy(x, torch.tensor(batch["ys"]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(json.dumps(losses))
