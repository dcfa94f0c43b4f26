#!/usr/bin/env python3
"""Goldens of what `merge` and `combine` compute, by the gguf package and by PEFT.

    /tmp/interop/bin/python interop/merge_goldens.py

quantised.json, among the pipeline's test resources: blocks of floats and their Q8_0, zeros, ties and tiny ones among
them. combined.safetensors, among the training job's: two adapters over a tiny random Llama and what PEFT's
add_weighted_adapter makes of them, for each method and for weights of either sign. Versions: requirements.txt.
"""

import json
import tempfile
from pathlib import Path

import gguf
import numpy
import torch
from gguf import quants
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

RESOURCES = "src/test/resources/io/sparklora"
ROOT = Path(__file__).resolve().parents[1]
QUANTISED = ROOT / "pipeline" / RESOURCES / "pipeline/basemodel/quantised.json"
COMBINED = ROOT / "training-job" / RESOURCES / "training/merge"

MODEL = dict(
    vocab_size=300,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
)
# name: r, alpha, target modules
ADAPTERS = {
    "red": (3, 6, ["q_proj", "v_proj"]),
    "green": (3, 4, ["q_proj", "v_proj"]),
    "blue": (5, 5, ["q_proj", "down_proj"]),
}
# name: method, adapters with weights, rank of svd
COMBINATIONS = {
    "linear": ("linear", {"red": 0.7, "green": 0.3}, None),
    "linear-negative": ("linear", {"red": 1.5, "green": -0.5}, None),
    "cat": ("cat", {"red": 0.7, "blue": 0.3}, None),
    "cat-negative": ("cat", {"green": -0.25, "red": 1.0, "blue": 2.0}, None),
    "svd": ("svd", {"red": 0.7, "blue": 0.3}, None),
    "svd-2": ("svd", {"red": 0.7, "green": -0.3, "blue": 1.0}, 2),
    "svd-8": ("svd", {"red": 1.0, "green": 1.0}, 8),
}


def blocks() -> numpy.ndarray:
    random = numpy.random.default_rng(7)
    rows = [random.standard_normal(32) * 10.0**exponent for exponent in (-7, -4, -1, 0, 0, 0, 2, 5)]
    rows += [numpy.zeros(32), -numpy.zeros(32), numpy.full(32, -3.5)]
    # An amplitude of 127 makes the scale 1, so that halves are ties.
    rows.append(numpy.append(numpy.arange(31) - 15.5, 127.0))
    rows.append(numpy.append(-127.0, numpy.nextafter(numpy.float32(0.5), numpy.float32(0)) * numpy.ones(31)))
    return numpy.stack(rows).astype(numpy.float32)


def write_quantised() -> None:
    values = blocks()
    stored = quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
    QUANTISED.write_text(json.dumps({"f32le_hex": values.tobytes().hex(), "q8_0_hex": stored.tobytes().hex()}) + "\n")


def adapted(model: PeftModel | LlamaForCausalLM, name: str) -> PeftModel:
    """The model with one more adapter, its matrices of a seed that its name gives."""
    rank, alpha, targets = ADAPTERS[name]
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, task_type="CAUSAL_LM")
    if isinstance(model, PeftModel):
        model.add_adapter(name, config)
    else:
        model = get_peft_model(model, config, adapter_name=name)
    torch.manual_seed(len(name))
    for key, parameter in model.named_parameters():
        if f".{name}." in key:
            parameter.data = torch.randn_like(parameter)
    return model


def write_combined() -> None:
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(**MODEL))
    model.save_pretrained(COMBINED / "base")
    (COMBINED / "base/generation_config.json").unlink()
    for name in ADAPTERS:
        model = adapted(model, name)
    with tempfile.TemporaryDirectory() as temporary:
        model.save_pretrained(temporary)
        for name in ADAPTERS:
            target = COMBINED / name
            target.mkdir(exist_ok=True)
            for file in ("adapter_config.json", "adapter_model.safetensors"):
                (target / file).write_bytes((Path(temporary) / name / file).read_bytes())
    expected, index = {}, {}
    for name, (method, weights, rank) in COMBINATIONS.items():
        model.add_weighted_adapter(list(weights), list(weights.values()), name, combination_type=method, svd_rank=rank)
        state = get_peft_model_state_dict(model, adapter_name=name)
        expected |= {f"{name}/{key}": tensor.contiguous() for key, tensor in state.items()}
        config = model.peft_config[name]
        index[name] = {
            "method": method,
            "weights": weights,
            "svd_rank": rank,
            "r": config.r,
            "alpha": config.lora_alpha,
        }
        index[name]["target_modules"] = sorted(config.target_modules)
    save_file(expected, COMBINED / "combined.safetensors")
    (COMBINED / "combined.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    write_quantised()
    write_combined()
