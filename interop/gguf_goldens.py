"""GGUF files of tiny random models with the logits that transformers gives for the same weights in fp32.

    /tmp/interop/bin/python interop/gguf_goldens.py

Names are those of gguf's own tables. Before a file is kept transformers reads it back, and every tensor must be the
model's again: so the names, the 1 that is added to Gemma's norms and GPT-2's transposed matrices are those that llama.cpp
converts. Versions: requirements.txt.
"""

import copy
import math
from pathlib import Path

import gguf
import numpy as np
import torch
from family_goldens import (
    GOLDENS,
    GPT2_SIZES,
    LENGTH,
    LOGIT_POSITIONS,
    OTHER_SIZES,
    ROWS,
    SIZES,
    STARCODER2_SIZES,
    VOCABULARY,
    build,
    theta,
    token_ids,
)
from safetensors.torch import save_file
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

PHI3_LONG = {
    "rope_type": "longrope",
    "rope_theta": 300.0,
    "short_factor": [1.2, 0.6, 1.0, 2.0],
    "long_factor": [2.0, 0.3, 1.5, 4.0],
}

# name: architecture, family, configuration
MODELS = {
    "qwen2": ("qwen2", "qwen2", dict(SIZES, rope_parameters=theta(1e6))),
    "qwen3": ("qwen3", "qwen3", dict(OTHER_SIZES, head_dim=6, tie_word_embeddings=True, rope_parameters=theta(300.0))),
    "gemma2": (
        "gemma2",
        "gemma2",
        dict(
            SIZES,
            num_hidden_layers=3,
            head_dim=12,
            query_pre_attn_scalar=12,
            sliding_window=5,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=3.0,
            rope_parameters=theta(1e4),
        ),
    ),
    "gemma3": (
        "gemma3",
        "gemma3_text",
        dict(
            SIZES,
            num_hidden_layers=7,
            head_dim=6,
            query_pre_attn_scalar=6,
            sliding_window=5,
            rope_parameters={
                "full_attention": {"rope_type": "linear", "rope_theta": 300.0, "factor": 8.0},
                "sliding_attention": theta(1e4),
            },
        ),
    ),
    "phi3": (
        "phi3",
        "phi3",
        dict(SIZES, sliding_window=5, rope_parameters=dict(theta(1e4), partial_rotary_factor=0.5)),
    ),
    "phi3-long": ("phi3", "phi3", dict(SIZES, original_max_position_embeddings=18, rope_parameters=PHI3_LONG)),
    "starcoder2": ("starcoder2", "starcoder2", dict(STARCODER2_SIZES, rope_parameters=theta(300.0))),
    "gpt2": ("gpt2", "gpt2", GPT2_SIZES),
}


def write(path: Path, architecture: str, model) -> None:
    config = model.config
    arch = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}[architecture]
    writer = gguf.GGUFWriter(path, architecture)
    heads = config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.n_inner if architecture == "gpt2" else config.intermediate_size)
    writer.add_head_count(heads)
    if architecture == "gpt2":
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_head_count_kv(config.num_key_value_heads)
        positions(writer, architecture, config, head_size)
    if architecture == "starcoder2":
        writer.add_layer_norm_eps(config.norm_epsilon)
    elif architecture != "gpt2":
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if architecture in ("qwen3", "gemma2", "gemma3"):
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
    if architecture in ("gemma2", "gemma3", "phi3") and config.sliding_window:
        writer.add_sliding_window(config.sliding_window)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    tokenizer(writer)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        add(writer, architecture, names, name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def positions(writer, architecture: str, config, head_size: int) -> None:
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if architecture == "phi3":
        writer.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", 1.0)))
        original = config.original_max_position_embeddings
        writer.add_rope_scaling_orig_ctx_len(original)
        if rope["rope_type"] == "longrope":
            writer.add_rope_scaling_attn_factors(
                math.sqrt(1 + math.log(config.max_position_embeddings / original) / math.log(original))
            )
            for kind in ("long", "short"):
                writer.add_tensor(f"rope_factors_{kind}.weight", np.array(rope[f"{kind}_factor"], dtype=np.float32))


def add(writer, architecture: str, names, name: str, weight) -> None:
    stem, kind = name.rsplit(".", 1)
    values = weight.float()
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        values = values + 1
    if architecture == "gpt2" and ".c_" in name and kind == "weight":
        values = values.T
    target = f"{names.get_name(stem)}.{kind}"
    if values.ndim == 1:
        writer.add_tensor(target, values.numpy())
        return
    data = values.contiguous().bfloat16().view(torch.int16).numpy().view(np.uint8)
    writer.add_tensor(target, data, raw_dtype=gguf.GGMLQuantizationType.BF16)


def tokenizer(writer) -> None:
    tokens = [f"<{i}>" for i in range(VOCABULARY - 3)] + ["a", "b", "ab"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (VOCABULARY - 3))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def check_read_back(path: Path, model) -> None:
    tensors = load_gguf_checkpoint(str(path), return_tensors=True, model_to_load=copy.deepcopy(model))["tensors"]
    expected = {name: weight for name, weight in model.state_dict().items() if name in tensors or "lm_head" not in name}
    if set(expected) != set(tensors):
        raise SystemExit(f"{path}: transformers reads back other tensors: {sorted(set(expected) ^ set(tensors))}")
    for name, weight in expected.items():
        if not torch.allclose(tensors[name].float(), weight.float(), atol=1e-6):
            raise SystemExit(f"{path}: transformers reads back another {name}")


def main() -> None:
    torch.set_num_threads(1)
    directory = GOLDENS.parent / "gguf"
    directory.mkdir(exist_ok=True)
    ids = token_ids()
    for name, (architecture, family, fields) in MODELS.items():
        model = build(family, fields)
        path = directory / f"{name}.gguf"
        write(path, architecture, model)
        check_read_back(path, model)
        with torch.no_grad():
            logits = model(input_ids=ids).logits.reshape(ROWS * LENGTH, VOCABULARY)[LOGIT_POSITIONS]
        save_file({"ids": ids.to(torch.int32), "logits": logits.contiguous()}, directory / f"{name}.safetensors")
        print(name, path.stat().st_size)


if __name__ == "__main__":
    main()
