#!/usr/bin/env python3
"""From a corpus to a published adapter of each kind, judged by PEFT, transformers and llama.cpp at the end.

    mvn -q -Dquick -DskipTests package
    /tmp/interop/bin/python interop/check_published.py models/SmolLM2-135M-Instruct.Q4_1.gguf 'corpus/spdx-licences/A*.json'

For each kind below `run` prepares, trains a few steps in fp32, evaluates and publishes. Then

1. PEFT loads the version and computes the held-out loss (check_adapter.py);
2. `generate` goes on with a prompt, and PEFT by its likeliest tokens must go on the same way;
3. of what any server loads, llama.cpp takes it as a GGUF adapter, and its log-probabilities are PEFT's.

Of the first kind, `merge` writes every type as a GGUF file and as a Hugging Face directory, and check_merge.py compares.
Exits with 1 where anything differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import base_model
import check_adapter
import check_merge
import gguf
import torch
from benchmark_generate import adapter_of_zeros
from jvm_contender import ROOT
from safetensors.numpy import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

# The part of the configuration that differs; the first two are for any server, the others for PEFT alone.
KINDS = {
    "lora": "lora: {rank: 8, alpha: 16}",
    "folded": "lora: {rank: 4, alpha: 6, scaling: rslora, rank-pattern: {down_proj: 2}, alpha-pattern: {v_proj: 5}}",
    "dora": "lora: {kind: dora, rank: 4, alpha: 8}\npublish: {profile: peft}",
    "saved": "lora: {rank: 4, alpha: 8, targets: [q_proj, v_proj], modules-to-save: [embed_tokens, lm_head]}\n"
    "publish: {profile: peft}",
}
NAME = "published"
PROMPT = "Permission is hereby granted, free of charge,"
TOKENS = 16
GGUF_TYPES = ("f32", "f16", "bf16", "q8_0")
DIRECTORY_TYPES = ("f32", "f16", "bf16")


def configuration(options, directory: Path, kind: str) -> Path:
    file = directory / f"{kind}.yaml"
    file.write_text(
        f"""name: {NAME}
storage: {{runs: {directory}/runs, registry: {directory}/registry}}
base: {{model: {options.model.resolve()}, dtype: fp32}}
corpus:
  sources:
    - {{format: json, path: "{Path(options.corpus).absolute()}", text: [licenseText, licenseExceptionText],
       id: [licenseId, licenseExceptionId], licence: CC0-1.0}}
prepare: {{split: {{validation: 0.1}}, sequence: {{length: 128}}}}
train: {{threads: 2, tokens: {options.steps * 256}, batch: {{sequences: 2, micro: 2}}, learning-rate: 5e-4}}
evaluate: {{gate: {{against: base}}}}
{KINDS[kind]}
"""
    )
    return file


def spark_lora(*arguments) -> str:
    """Standard output of a command of ours."""
    done = subprocess.run([ROOT / "bin/spark-lora", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def tokenizer_of(model: Path) -> Tokenizer:
    """The tokenizer of a GGUF file of SmolLM2's kind."""
    reader = gguf.GGUFReader(model)
    tokens = reader.get_field("tokenizer.ggml.tokens").contents()
    merges = [tuple(pair.split(" ")) for pair in reader.get_field("tokenizer.ggml.merges").contents()]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def continuation(model, tokenizer: Tokenizer) -> str:
    """The text of the likeliest tokens, the whole computed anew for each."""
    ids = tokenizer.encode(PROMPT).ids
    for _ in range(TOKENS):
        ids.append(int(check_merge.logits(model, torch.tensor([ids]))[0, -1].argmax()))
    return tokenizer.decode(ids[-TOKENS:], skip_special_tokens=False)


def check_generate(version: Path, adapted, tokenizer: Tokenizer) -> bool:
    ours = spark_lora("generate", version, "--prompt", PROMPT, "--max-tokens", TOKENS, "--threads", 2).rstrip("\n")
    peft = continuation(adapted, tokenizer).rstrip("\n")
    print(f"generate  {ours!r}" + ("" if ours == peft else f" but PEFT goes on with {peft!r}"))
    return ours == peft


def gguf_adapter(version: Path, target: Path, model) -> Path:
    """PEFT's adapter as llama.cpp's converter writes it: rows of q's and k's B in llama.cpp's order."""
    names = {peft: name for name, peft in base_model.LAYER_NAMES.items()}
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    alpha = json.loads((version / "adapter_config.json").read_text())["lora_alpha"]
    writer.add_float32("adapter.lora.alpha", float(alpha))
    for key, values in load_file(version / "adapter_model.safetensors").items():
        *path, matrix, _ = key.removeprefix("base_model.model.model.layers.").split(".")
        name = names[".".join(path[1:])]
        if matrix == "lora_B" and name in heads:
            values = check_merge.permuted(values, heads[name])
        writer.add_tensor(f"blk.{path[0]}.{name}.weight.{matrix.lower()}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def check_version(version: Path, options, directory: Path, portable: bool) -> bool:
    agreed = check_adapter.main([str(version), "--runs", str(directory / "runs")]) == 0
    model = base_model.load(options.model)
    adapted = check_adapter.load_adapter(model, version)
    agreed &= check_generate(version, adapted, tokenizer_of(options.model))
    if portable:
        adapter = gguf_adapter(version, directory / f"{version.name}.gguf", model)
        agreed &= check_merge.check_llama_cpp(directory / "base-f32.gguf", "F32", adapted, adapter) is not False
    return agreed


def hugging_face_base(model: Path, directory: Path) -> Path:
    """The GGUF file as a Hugging Face directory that merge takes, its values in fp32."""
    directory.mkdir()
    base_model.convert(model, directory)
    tokenizer_of(model).save(str(directory / "tokenizer.json"))
    reader = gguf.GGUFReader(model)
    end = reader.get_field("tokenizer.ggml.tokens").contents()[
        reader.get_field("tokenizer.ggml.eos_token_id").contents()
    ]
    (directory / "tokenizer_config.json").write_text(json.dumps({"eos_token": end, "pad_token": end}))
    return directory


def check_merges(version: Path, options, directory: Path) -> bool:
    agreed = True
    # A version is held to the base that it was made for: of a directory the bare adapter is merged.
    bare = directory / "bare"
    bare.mkdir()
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        (bare / file).write_bytes((version / file).read_bytes())
    base = hugging_face_base(options.model, directory / "base")
    merges = [(version, options.model, kind, f"merged-{kind}.gguf") for kind in GGUF_TYPES]
    merges += [(bare, base, kind, f"merged-{kind}") for kind in DIRECTORY_TYPES]
    for adapter, model, kind, name in merges:
        print(f"-- merge --type {kind}, {name}")
        merged = directory / name
        spark_lora("merge", adapter, "--base", model, "--output", merged, "--type", kind)
        agreed &= check_merge.main([str(adapter), str(merged), "--base", str(model)]) == 0
    return agreed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="SmolLM2-135M as a GGUF file")
    parser.add_argument("corpus", help="glob of the SPDX licence list's JSON files")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which kinds of adapter")
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    agreed = True
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        zeros = adapter_of_zeros(directory / "zeros")
        spark_lora("merge", zeros, "--base", options.model, "--output", directory / "base-f32.gguf", "--type", "f32")
        for number, kind in enumerate(options.kinds.split(","), start=1):
            print(f"== {kind}", flush=True)
            spark_lora("run", configuration(options, directory, kind))
            version = directory / "registry" / NAME / f"v{number}"
            agreed &= check_version(version, options, directory, "profile: peft" not in KINDS[kind])
            if kind == "lora":
                agreed &= check_merges(version, options, directory)
    print("all equal" if agreed else "DIFFERENT")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
