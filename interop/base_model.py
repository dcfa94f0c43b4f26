"""The base model as transformers computes it: a Hugging Face directory as it is, or a GGUF file converted by
the gguf package, so that neither our reader nor transformers' own GGUF loader is trusted."""

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def hugging_face_name(gguf_name: str) -> str:
    """blk.3.attn_q.weight -> model.layers.3.self_attn.q_proj.weight"""
    parts = gguf_name.split(".")
    if parts[0] == "blk" and len(parts) == 4 and parts[2] in LAYER_NAMES:
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.{parts[3]}"
    if len(parts) == 2 and parts[0] in TOP_NAMES:
        return f"{TOP_NAMES[parts[0]]}.{parts[1]}"
    raise SystemExit(f"GGUF tensor {gguf_name} is none of a plain Llama's")


def unpermuted(rows, heads: int):
    """Rows of q and k in Hugging Face's order: llama.cpp interleaves the two halves of each head."""
    head_size = rows.shape[0] // heads
    return rows.reshape(heads, head_size // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def convert(file: Path, directory: Path) -> None:
    """Writes config.json and model.safetensors of a GGUF file, in fp32, into a directory."""
    import gguf
    import numpy
    from safetensors.numpy import save_file

    reader = gguf.GGUFReader(file)

    def field(key: str, default=None):
        found = reader.get_field(key)
        if found is None and default is None:
            raise SystemExit(f"{file} has no metadata {key}")
        return default if found is None else found.contents()

    if field("general.architecture") != "llama" or reader.get_field("llama.rope.scaling.type") is not None:
        raise SystemExit(
            f"{file}: only architecture llama without rope scaling is converted here; give a Hugging Face directory"
        )
    heads = field("llama.attention.head_count")
    kv_heads = field("llama.attention.head_count_kv", heads)
    tensors = {}
    for tensor in reader.tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32).reshape(shape)
        if ".attn_q." in tensor.name:
            values = unpermuted(values, heads)
        if ".attn_k." in tensor.name:
            values = unpermuted(values, kv_heads)
        tensors[hugging_face_name(tensor.name)] = numpy.ascontiguousarray(values)
    hidden = field("llama.embedding_length")
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": field("llama.feed_forward_length"),
        "num_hidden_layers": field("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": field("llama.attention.key_length", hidden // heads),
        "max_position_embeddings": field("llama.context_length"),
        "rms_norm_eps": field("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": field("llama.rope.freq_base", 10000.0),
        "rope_scaling": None,
        "vocab_size": tensors["model.embed_tokens.weight"].shape[0],
        "tie_word_embeddings": "lm_head.weight" not in tensors,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "float32",
    }
    (directory / "config.json").write_text(json.dumps(config))
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})


@contextmanager
def _as_directory(path: Path):
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as temporary:
        convert(path, Path(temporary))
        yield Path(temporary)


def load(path: Path, dtype: str = "float32", attention: str = "eager"):
    """The model on the CPU, every weight taken from the files."""
    import torch
    from transformers import AutoModelForCausalLM

    with _as_directory(path) as directory:
        model, report = AutoModelForCausalLM.from_pretrained(
            directory, dtype=getattr(torch, dtype), attn_implementation=attention, output_loading_info=True
        )
    if report["missing_keys"] or report["unexpected_keys"] or report["mismatched_keys"]:
        raise SystemExit(f"{path} was not loaded whole: {report}")
    return model.eval()
