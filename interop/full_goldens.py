"""Goldens of full fine-tuning: what transformers and torch make of the tiny models of family_goldens.py in fp32, where
every weight is trained.

    /tmp/interop/bin/python interop/full_goldens.py [MODEL...]

For each model below: gradient.safetensors with the gradient of the first step under the names of the model's own file, so
that it reads as a model does; golden.json with ten losses of AdamW, the distance between the gradients in fp32 and in fp64,
which is the noise floor, and the weight decay, which transformers' Trainer keeps from norms and biases. Versions:
requirements.txt.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from family_goldens import GOLDENS, MODELS, RATE, STEPS, build, relative, token_ids
from transformers import Trainer

WEIGHT_DECAY = 0.1
# tied, biases | norms of a head | norms of all heads, after the layers | soft caps, 1 + g | fused | Conv1D, positions |
# fused by head, two norms | one norm for two | no biases
NAMES = [
    "llama-attention-biases",
    "qwen3",
    "olmo2",
    "gemma2",
    "phi3",
    "gpt2",
    "gpt-neox",
    "falcon-one-norm",
    "mpt",
]


def gradient(model):
    """d(mean loss) of every weight; a tied one has the sum of both uses."""
    ids = token_ids()
    loss = model(input_ids=ids, labels=ids).loss
    model.zero_grad(set_to_none=True)
    loss.backward()
    return loss.item(), {name: weight.grad.clone() for name, weight in model.named_parameters()}


def groups(model) -> list[dict]:
    """As transformers' Trainer makes them; all but norms and biases decay."""
    named = dict(model.named_parameters())
    # a tied head is named there, too
    decaying = set(Trainer.get_decay_parameter_names(None, model)) & set(named)
    matrices = {name for name, weight in named.items() if weight.dim() > 1}
    if decaying != matrices:
        raise SystemExit(f"transformers lets other weights decay than matrices: {sorted(decaying ^ matrices)}")
    return [
        {"params": [named[name] for name in named if name in decaying], "weight_decay": WEIGHT_DECAY},
        {"params": [named[name] for name in named if name not in decaying], "weight_decay": 0.0},
    ]


def train(family: str, fields: dict):
    model = build(family, fields)
    optimiser = torch.optim.AdamW(groups(model), lr=RATE, betas=(0.9, 0.999), eps=1e-8)
    losses, first = [], {}
    for _ in range(STEPS):
        loss, grads = gradient(model)
        losses.append(loss)
        first = first or grads
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    _, exact = gradient(build(family, fields).to(torch.float64))
    noise = relative(
        torch.cat([first[name].flatten() for name in sorted(first)]),
        torch.cat([exact[name].flatten() for name in sorted(first)]),
    )
    return losses, noise, first


def save(family: str, fields: dict, first: dict, file: Path) -> None:
    """A model whose weights are the gradient, so that transformers names them as it does in files."""
    model = build(family, fields)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(first[name])
    with tempfile.TemporaryDirectory() as directory:
        model.save_pretrained(directory)
        shutil.copyfile(Path(directory) / "model.safetensors", file)


def main() -> None:
    wanted = set(sys.argv[1:])
    torch.set_num_threads(1)
    for name in NAMES:
        if wanted and name not in wanted:
            continue
        family, fields, _ = MODELS[name]
        losses, noise, first = train(family, fields)
        directory = GOLDENS.with_name("full") / name
        directory.mkdir(parents=True, exist_ok=True)
        save(family, fields, first, directory / "gradient.safetensors")
        figures = {"learning_rate": RATE, "weight_decay": WEIGHT_DECAY, "losses": losses, "gradient_noise": noise}
        (directory / "golden.json").write_text(json.dumps(figures, indent=1) + "\n")
        print(name, losses[0], losses[-1], noise, len(first))


if __name__ == "__main__":
    main()
