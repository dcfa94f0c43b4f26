#!/usr/bin/env python3
"""Holds a merged model against PEFT, the gguf package and llama.cpp.

    python interop/check_merge.py ADAPTER MERGED --base MODEL

ADAPTER is a registry version or a PEFT directory, MERGED what `merge` wrote of it, MODEL the base model it was given.

1. Every stored weight against W + scale B A, for DoRA of the norms that its magnitudes say, computed here in binary64 and
   rounded by numpy, torch or the gguf package.
2. Logits of the merged model in transformers against those of PEFT's base and adapter, both in fp32.
3. Of a GGUF file also the log-probabilities along a text that llama.cpp writes, where xllamacpp is installed.

Exits with 1 where they differ by more than the type's rounding does.
"""

import argparse
import json
import sys
from pathlib import Path

import base_model
import gguf
import numpy
import torch
from check_adapter import load_adapter
from gguf import quants
from safetensors.torch import load_file

# Largest difference of logits, as a share of what the adapter changes them by.
LOGITS = {"F32": 1e-4, "F16": 0.02, "BF16": 0.2, "Q8_0": 0.4}
# Largest mean difference of log-probabilities in llama.cpp, nats; other kernels, and Q8_0's rounded activations.
LOG_PROBABILITIES = {"F32": 1e-3, "F16": 5e-3, "BF16": 2e-2, "Q8_0": 0.15}
# Sums in another order may round the other way: the share of a weight's values that may differ by one step.
OTHER_WAY = 1e-3
TOKENS = 24


def expected_weights(model, adapter: Path) -> dict[str, torch.Tensor]:
    """W + scale B A, for DoRA m V / ||V|| of it, in binary64 under Hugging Face's names; only the weights that change."""
    config = json.loads((adapter / "adapter_config.json").read_text())
    tensors = load_file(adapter / "adapter_model.safetensors")
    state = model.state_dict()
    weights = {}
    for key in tensors:
        if key.endswith(".lora_A.weight"):
            name = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight") + ".weight"
            delta = tensors[key.replace("lora_A", "lora_B")].double() @ tensors[key].double()
            weights[name] = state[name].double() + config["lora_alpha"] / config["r"] * delta
            magnitudes = tensors.get(key.replace("lora_A.weight", "lora_magnitude_vector"))
            if magnitudes is not None:
                weights[name] *= (magnitudes.double() / weights[name].norm(dim=1)).unsqueeze(1)
    return weights


def permuted(rows: numpy.ndarray, heads: int) -> numpy.ndarray:
    """Rows of q and k in the order of llama.cpp, see base_model.unpermuted."""
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, half, -1).swapaxes(1, 2).reshape(rows.shape)


def stored_in_gguf(file: Path):
    """(name, type, bytes of the values as stored, function that turns values into what would be stored)."""
    reader = gguf.GGUFReader(file)
    heads = reader.get_field("llama.attention.head_count").contents()
    kv_heads = reader.get_field("llama.attention.head_count_kv").contents()
    for tensor in reader.tensors:
        of = heads if ".attn_q." in tensor.name else kv_heads if ".attn_k." in tensor.name else 0

        def store(values: torch.Tensor, kind=tensor.tensor_type, of=of) -> numpy.ndarray:
            rows = values.numpy()
            rows = permuted(rows, of) if of else rows
            if kind == gguf.GGMLQuantizationType.F16:
                return rows.astype(numpy.float16)
            return quants.quantize(rows.astype(numpy.float32), kind)

        yield base_model.hugging_face_name(tensor.name), tensor.tensor_type.name, tensor.data, store


def stored_in_directory(directory: Path):
    for file in sorted(directory.glob("*.safetensors")):
        for name, tensor in load_file(file).items():
            kind = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}[tensor.dtype]

            def store(values: torch.Tensor, dtype=tensor.dtype) -> numpy.ndarray:
                return values.to(dtype).view(torch.uint8).numpy()

            yield name, kind, tensor.view(torch.uint8).numpy(), store


def check_weights(merged: Path, expected: dict[str, torch.Tensor], unchanged: dict[str, torch.Tensor]) -> tuple:
    """Compares bytes; returns whether all agree, and the type of the weights that changed."""
    kinds, values, different, other = set(), 0, 0, 0
    seen = set()
    for name, kind, data, store in (stored_in_directory if merged.is_dir() else stored_in_gguf)(merged):
        seen.add(name)
        wanted = store(expected.get(name, unchanged[name].double()))
        given = numpy.ascontiguousarray(data).view(numpy.uint8).reshape(-1)
        wanted = numpy.ascontiguousarray(wanted).view(numpy.uint8).reshape(-1)
        if name in expected:
            kinds.add(kind)
            values += len(given)
            different += int((given != wanted).sum())
        else:
            other += int((given != wanted).sum())
    missing = unchanged.keys() - seen
    kind = "/".join(sorted(kinds))
    print(
        f"weights   {len(expected)} changed, {kind}: {different} of {values} bytes differ; {len(seen) - len(expected)}"
    )
    print(f"          unchanged: {other} bytes differ; missing {sorted(missing)}")
    return different <= OTHER_WAY * values and other == 0 and missing <= {"lm_head.weight"}, kind


def logits(model, ids: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=ids, use_cache=False).logits.double()


def check_logits(kind: str, base: torch.Tensor, adapted: torch.Tensor, merged: torch.Tensor) -> bool:
    effect = (adapted - base).abs().max().item()
    difference = (merged - adapted).abs().max().item()
    print(f"logits    the adapter changes them by up to {effect:.3g}; merged differs by up to {difference:.3g}")
    return difference <= LOGITS[kind] * effect


def check_llama_cpp(model: Path, kind: str, adapted, adapter: Path | None = None) -> bool | None:
    """Log-probabilities of llama.cpp's likeliest tokens along the text that it writes with a GGUF model and, where given, a
    GGUF adapter; None where it is not installed."""
    try:
        import xllamacpp
    except ImportError:
        print("llama.cpp not checked: xllamacpp is not installed")
        return None
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.n_ctx = 512
    params.warmup = False
    # Repacked weights crash on some processors.
    params.no_extra_bufts = True
    # Attention and its cache in fp32, as in PEFT.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    prompt = torch.randint(0, adapted.config.vocab_size, (16,), generator=torch.Generator().manual_seed(12)).tolist()
    request = {"prompt": prompt, "n_predict": TOKENS, "temperature": 0, "n_probs": 10, "cache_prompt": False}
    answer = xllamacpp.Server(params).handle_completions(request | {"ignore_eos": True})
    steps = answer["choices"][0]["logprobs"]["content"]
    ids = torch.tensor([prompt + [step["id"] for step in steps]])
    ours = torch.log_softmax(logits(adapted, ids)[0], dim=-1)
    differences = [
        abs(ours[len(prompt) - 1 + i, likely["id"]].item() - likely["logprob"])
        for i, step in enumerate(steps)
        for likely in step["top_logprobs"]
    ]
    mean, most = sum(differences) / len(differences), max(differences)
    print(
        f"llama.cpp {len(differences)} log-probabilities of {len(steps)} tokens differ by {mean:.2g}, at most {most:.2g}"
    )
    return len(steps) == TOKENS and mean <= LOG_PROBABILITIES[kind]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adapter", type=Path)
    parser.add_argument("merged", type=Path)
    parser.add_argument("--base", type=Path, required=True)
    options = parser.parse_args(arguments)
    model = base_model.load(options.base)
    expected = expected_weights(model, options.adapter)
    agreed, kind = check_weights(options.merged, expected, {name: w.clone() for name, w in model.state_dict().items()})
    ids = torch.randint(0, model.config.vocab_size, (2, 48), generator=torch.Generator().manual_seed(11))
    before = logits(model, ids)
    adapted = load_adapter(model, options.adapter)
    agreed &= check_logits(kind, before, logits(adapted, ids), logits(base_model.load(options.merged), ids))
    if options.merged.is_file():
        agreed &= check_llama_cpp(options.merged, kind, adapted) is not False
    print("equal" if agreed else "DIFFERENT")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
