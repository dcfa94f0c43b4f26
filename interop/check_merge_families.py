#!/usr/bin/env python3
"""Holds what `merge` makes of GGUF files whose tensors hold several weights against PEFT, the gguf package and llama.cpp.

    mvn -q -Dquick -DskipTests package
    /tmp/interop/bin/python interop/check_merge_families.py

For a tiny random model of each family below, a random adapter of PEFT on all linear layers, LoRA and DoRA, is merged by
our command in every type. Then

1. every weight is held against PEFT's own `merge_and_unload` in binary64, rounded by numpy, torch or the gguf package;
2. the merged file's logits in transformers against those of base and adapter;
3. log-probabilities along a text that llama.cpp writes with the merged file, where xllamacpp is installed.

Exits with 1 where they differ by more than the type's rounding does.
"""

import sys
import tempfile
from pathlib import Path

import gguf
import numpy
import torch
from check_merge import OTHER_WAY, check_llama_cpp, check_logits, logits
from check_published import GGUF_TYPES, spark_lora
from family_goldens import GPT2_SIZES, SIZES, STARCODER2_SIZES, VOCABULARY, build, theta
from gguf import GGMLQuantizationType, quants
from gguf_goldens import write
from peft import LoraConfig, get_peft_model

# What llama.cpp computes as transformers does: it has no window for Phi-3.
MODELS = {
    "phi3": dict(SIZES, rope_parameters=dict(theta(1e4), partial_rotary_factor=0.5)),
    "gpt2": GPT2_SIZES,
    "starcoder2": dict(STARCODER2_SIZES, rope_parameters=theta(300.0)),
}
KINDS = {"lora": False, "dora": True}


def adapted_model(family: str, dora: bool):
    """Base and adapter in PEFT, whose matrices are large enough to matter and whose magnitudes are not the norms."""
    config = LoraConfig(r=3, lora_alpha=5, use_dora=dora, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(build(family, MODELS[family]), config).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "lora_A" in name:
                parameter.copy_(noise / parameter.shape[1] ** 0.5)
            elif "lora_B" in name:
                parameter.copy_(0.2 * noise)
            elif "lora_magnitude" in name:
                parameter.mul_(1 + 0.2 * noise)
    return model


def stored(file: Path, family: str, names) -> dict:
    """Each tensor of a GGUF file by transformers' name: its type and its values as transformers has them."""
    layers = MODELS[family].get("n_layer") or MODELS[family]["num_hidden_layers"]
    table = gguf.get_tensor_name_map({n: k for k, n in gguf.MODEL_ARCH_NAMES.items()}[family], layers)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    found = {}
    for name in names:
        stem, kind = name.rsplit(".", 1)
        tensor = tensors.get(f"{table.get_name(stem)}.{kind}")
        if tensor is not None:
            values = torch.tensor(quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32))
            values = values.reshape([int(size) for size in reversed(tensor.shape)])
            found[name] = tensor.tensor_type, values.T if turned(family, name) else values
    if len(found) != len(tensors):
        raise SystemExit(f"{file} has {len(tensors)} tensors, of which {len(found)} have a place in {family}")
    return found


def turned(family: str, name: str) -> bool:
    """Whether transformers keeps the matrix with inputs as rows."""
    return family == "gpt2" and ".c_" in name and name.endswith("weight")


def rounded(values: torch.Tensor, kind: GGMLQuantizationType, turn: bool) -> torch.Tensor:
    rows = (values.T if turn else values).contiguous().numpy()
    if kind == GGMLQuantizationType.F16:
        wanted = rows.astype(numpy.float16).astype(numpy.float32)
    else:
        wanted = quants.dequantize(quants.quantize(rows.astype(numpy.float32), kind), kind).reshape(rows.shape)
    wanted = torch.tensor(wanted)
    return wanted.T if turn else wanted


def check_weights(found: dict, family: str, expected: dict[str, torch.Tensor]) -> bool:
    """All values but for those few that sums in another order round the other way, of which binary32 has some more."""
    different = values = 0
    largest = 0.0
    for name, (kind, given) in found.items():
        wanted = rounded(expected[name], kind, turned(family, name))
        far = (given - wanted).abs() > 1e-6 * wanted.abs().max()
        different += int(far.sum())
        values += given.numel()
        largest = max(largest, ((given - wanted).abs().max() / wanted.abs().max()).item())
    print(f"weights   {different} of {values} differ from PEFT's merge_and_unload, by up to {largest:.2g}")
    return different <= OTHER_WAY * values


def check(family: str, kind: str, directory: Path) -> bool:
    base = directory / f"{family}.gguf"
    model = build(family, MODELS[family])
    write(base, family, model)
    adapter = directory / f"{family}-{kind}"
    adapted = adapted_model(family, KINDS[kind])
    adapted.save_pretrained(adapter)
    expected = adapted_model(family, KINDS[kind]).double().merge_and_unload().state_dict()
    ids = torch.randint(0, VOCABULARY, (2, 24), generator=torch.Generator().manual_seed(11))
    before, together = logits(model, ids), logits(adapted, ids)
    agreed = True
    for written in GGUF_TYPES:
        print(f"-- {family} {kind} --type {written}")
        merged = directory / f"{family}-{kind}-{written}.gguf"
        spark_lora("merge", adapter, "--base", base, "--output", merged, "--type", written)
        found = stored(merged, family, expected)
        agreed &= check_weights(found, family, expected)
        model.load_state_dict({name: values for name, (_, values) in found.items()}, strict=False)
        agreed &= check_logits(written.upper(), before, together, logits(model, ids))
        agreed &= check_llama_cpp(merged, written.upper(), adapted) is not False
    return agreed


def main() -> int:
    agreed = True
    with tempfile.TemporaryDirectory() as temporary:
        for family in MODELS:
            for kind in KINDS:
                agreed &= check(family, kind, Path(temporary))
    print("equal" if agreed else "DIFFERENT")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
