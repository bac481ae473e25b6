"""The model of apps/char-transformer in PyTorch, trained in the same way on the same text: prints a line of JSON with the loss on the text that it has not seen."""
import json, math, sys, time
import torch
from torch import nn
from torch.nn import functional as F

settings = json.loads(sys.argv[1])
verses = sys.argv[2]
steps, batch, length, width = (settings[name] for name in ("steps", "batch", "length", "width"))
heads, blocks, rate = (settings[name] for name in ("heads", "blocks", "rate"))
torch.set_num_threads(1)
torch.manual_seed(settings["seed"])

with open(verses, encoding="utf8") as file:
    texts = json.load(file).values()
text = "\n".join(verse.removeprefix("# ").replace("[", "").replace("]", "") for verse in texts)
letters = sorted(set(text))
code_of = {letter: code for code, letter in enumerate(letters)}
codes = torch.tensor([code_of[letter] for letter in text])


def pieces(start, end):
    count = (end - start - 1) // length
    rows = codes[start : start + count * length].view(count, length)
    return rows, codes[start + 1 : start + 1 + count * length].view(count, length)


split = int(0.95 * len(codes))
train, validation = pieces(0, split), pieces(split, len(codes))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, time, _ = x.shape
        q, k, v = self.qkv(x).view(n, time, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(seen.transpose(1, 2).reshape(n, time, width))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.dense_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention()
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.contract(F.gelu(self.expand(self.dense_norm(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.Parameter(0.02 * torch.randn(len(letters), width))
        self.positions = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.Sequential(*(Block() for _ in range(blocks)))
        self.last_norm = nn.LayerNorm(width)
        for name, weight in self.named_parameters():
            if name.endswith("bias") and "norm" not in name:
                nn.init.zeros_(weight)
            elif weight.dim() == 2 and "." in name:
                last = name.endswith(("output.weight", "contract.weight"))
                nn.init.normal_(weight, 0, 0.02 / math.sqrt(2 * blocks) if last else 0.02)

    def forward(self, xs):
        return self.last_norm(self.blocks(self.embeddings[xs] + self.positions)) @ self.embeddings.T

    def loss(self, xs, ys):
        return F.cross_entropy(self(xs).flatten(0, 1), ys.flatten())


model = Model()
kernels = [weight for name, weight in model.named_parameters() if weight.dim() == 2 and "." in name]
others = [weight for name, weight in model.named_parameters() if not (weight.dim() == 2 and "." in name)]
groups = [{"params": kernels, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=rate)


warmup = math.ceil(steps / 20)


def rate_at(step):
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / (steps - warmup))
    return 0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2


schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
start = time.process_time()
step = 0
while step < steps:
    order = torch.randperm(len(train[0]))
    for i in range(0, len(order) - batch + 1, batch):
        chosen = order[i : i + batch]
        loss = model.loss(train[0][chosen], train[1][chosen])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
        step += 1
        if step == steps:
            break
seconds = time.process_time() - start
with torch.no_grad():
    losses = [
        model.loss(validation[0][i * batch : (i + 1) * batch], validation[1][i * batch : (i + 1) * batch]).item()
        for i in range(40)
    ]
print(json.dumps({"val_loss": sum(losses) / len(losses), "ms": 1000 * seconds / steps}))
