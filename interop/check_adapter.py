#!/usr/bin/env python3
"""Holds a published adapter's, or whole model's, held-out loss against transformers and PEFT.

Loads the adapter in PEFT over the same base model in fp32, or the whole model in transformers, computes the token-weighted loss of every held-out document
by itself (which is what block-diagonal attention over packed documents means), and compares it with what the stage
evaluate reported. Exits with 1 where they differ by more than 0.5 % (bf16 run) or 1e-4 (fp32 run).

    python interop/check_adapter.py registry/spdx-licences/v1
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

IGNORED = -100
DIRECTORY_NAME_DIGITS = 16
TOLERANCE = {"bf16": 5e-3, "fp32": 1e-4}


@dataclass(frozen=True)
class Check:
    """What is compared with what."""

    adapter: Path
    base: Path
    dataset: Path
    dtype: str
    base_loss: float
    adapter_loss: float


def parse(arguments: list[str]) -> Check:
    """Everything that is not given follows from the version's manifest and the directory of runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adapter", type=Path, help="a registry version, or any PEFT directory")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="the configuration's storage.runs (default: runs)"
    )
    parser.add_argument("--base", type=Path, help="GGUF file or Hugging Face directory (default: the manifest's)")
    parser.add_argument("--dataset", type=Path, help="directory of the token dataset (default: the manifest's)")
    parser.add_argument("--result", type=Path, help="evaluate's result.json (default: the run's)")
    parser.add_argument("--dtype", choices=sorted(TOLERANCE), help="the run's base.dtype (default: the manifest's)")
    options = parser.parse_args(arguments)
    manifest = read_manifest(options.adapter)
    config = json.loads(manifest.get("config", "{}"))
    run = options.runs / manifest.get("name", "")

    def value(given, name, found):
        if given is None and found is None:
            parser.error(f"{options.adapter} has no manifest of a registry version: give --{name}")
        return found if given is None else given

    result = value(options.result, "result", run / "results" / "evaluate.json" if manifest else None)
    figures = json.loads(result.read_text())["figures"]
    key = manifest.get("dataset_key")
    return Check(
        adapter=options.adapter,
        base=Path(value(options.base, "base", config.get("base", {}).get("model"))),
        dataset=value(options.dataset, "dataset", run / "datasets" / key[:DIRECTORY_NAME_DIGITS] if key else None),
        dtype=value(options.dtype, "dtype", config.get("base", {}).get("dtype")),
        base_loss=figures["base_loss_nats"],
        adapter_loss=figures["adapter_loss_nats"],
    )


def read_manifest(adapter: Path) -> dict:
    """The manifest of a registry version; empty for a bare PEFT directory."""
    file = adapter / "manifest.json"
    return json.loads(file.read_text()) if file.exists() else {}


def documents(sequence: dict):
    """(ids, labels) of each document packed into a row; those without a label, such as padding, are left out."""
    start = 0
    for length in sequence["seq_lengths"]:
        ids = sequence["input_ids"][start : start + length]
        labels = sequence["labels"][start : start + length]
        start += length
        if labels[0] != IGNORED:
            raise SystemExit(f"sequence {sequence['sequence_id']}: a document's first token has a label")
        if any(label != IGNORED for label in labels):
            yield ids, labels
    if start != len(sequence["input_ids"]):
        raise SystemExit(f"sequence {sequence['sequence_id']}: seq_lengths sum to {start}")


def held_out(dataset: Path):
    """The rows of the validation split in the manifest's order."""
    import pyarrow.parquet

    manifest = json.loads((dataset / "manifest.json").read_text())
    split = next((s for s in manifest["splits"] if s["split"].lower() == "validation"), None)
    if split is None:
        raise SystemExit(f"{dataset} has no validation split")
    for file in split["files"]:
        yield from pyarrow.parquet.read_table(dataset / file["path"], partitioning=None).to_pylist()


def loss(model, dataset: Path) -> tuple[float, int]:
    """Mean loss over all supervised tokens, nats a token, and their number."""
    import torch

    total, tokens = 0.0, 0
    with torch.inference_mode():
        for sequence in held_out(dataset):
            for ids, labels in documents(sequence):
                logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, :-1]
                targets = torch.tensor(labels[1:])
                supervised = targets != IGNORED
                log_probabilities = torch.log_softmax(logits[supervised].double(), dim=-1)
                total -= log_probabilities.gather(1, targets[supervised].unsqueeze(1)).sum().item()
                tokens += int(supervised.sum())
    return total / tokens, tokens


def load_adapter(model, adapter: Path):
    """The adapter in PEFT; fails where PEFT took not exactly the file's tensors, which it does not say by itself."""
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file

    adapted = PeftModel.from_pretrained(model, str(adapter)).eval()
    loaded = get_peft_model_state_dict(adapted)
    stored = load_file(adapter / "adapter_model.safetensors")
    if loaded.keys() != stored.keys():
        raise SystemExit(f"PEFT uses other tensors than {adapter} holds: {sorted(loaded.keys() ^ stored.keys())[:4]}")
    different = [name for name in stored if not torch.equal(stored[name].float(), loaded[name].float().cpu())]
    if different:
        raise SystemExit(f"PEFT holds other values than {adapter}: {different[:4]}")
    return adapted


def load_trained(model, adapter: Path):
    """The adapter over the base, or where full fine-tuning made it the whole model, of which no weight may be missing."""
    if read_manifest(adapter).get("finetuning_type") == "FULL":
        import base_model

        return base_model.load(adapter)
    return load_adapter(model, adapter)


def report(check: Check, measured: dict[str, float], tokens: int) -> bool:
    """Prints the comparison; true where both losses agree."""
    tolerance = TOLERANCE[check.dtype]
    print(f"held-out loss, nats a token, over {tokens} tokens ({check.dtype} run, allowed {tolerance:g})")
    print(f"{'':8} {'spark-lora':>12} {'PEFT fp32':>12} {'relative':>10}")
    agreed = True
    for name, ours in (("base", check.base_loss), ("adapter", check.adapter_loss)):
        difference = abs(ours - measured[name]) / measured[name]
        agreed &= difference <= tolerance
        print(f"{name:8} {ours:12.7f} {measured[name]:12.7f} {difference:10.2e}")
    print("equal" if agreed else "DIFFERENT")
    return agreed


def main(arguments: list[str]) -> int:
    check = parse(arguments)
    import base_model

    model = base_model.load(check.base)
    measured = {}
    measured["base"], tokens = loss(model, check.dataset)
    measured["adapter"], _ = loss(load_trained(model, check.adapter), check.dataset)
    return 0 if report(check, measured, tokens) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
