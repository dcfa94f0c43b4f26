"""How fast we go on with a prompt beside transformers and llama.cpp, text by text in turn on one machine.

    python3 interop/benchmark_generate.py models/SmolLM2-135M-Instruct.Q4_1.gguf --python /tmp/interop/bin/python

Needs a built checkout (`mvn -Dquick -pl training-job -am test-compile` and target/natives) and, for the peers, an environment
with interop/requirements.txt; without it ours runs alone. All read the same prompt of random tokens and go on with the
likeliest token each time, without stopping at an end. Prints tokens/s of the prompt (prefill) and of the text (decode), peak
memory, ours over each peer, and how many of the text's first tokens are those of ours in fp32: a check that all compute the
same model.

llama.cpp reads the GGUF file as it is and, in F32, F16 and BF16, as `merge` writes it with an adapter of zeros.

What is unfair, and to whom: `ours adapted` computes an adapter's branches of rank 8 on all linear layers beside the base,
which no peer does (against us). llama.cpp multiplies weights that stay quantised, with activations rounded to 8 bits, where
the file is Q4_1: a quarter of the bytes that decoding must read (for it). It says itself what prompt and text took, so that its
server's own work between requests is not counted (for it), and is the wheel of requirements.txt, not built for this machine; what
it uses of the processor is printed (against it where it uses less). transformers is given the plain loop over the model, not
`generate`, which does more around each token (for it); nothing is compiled by torch.compile (against it). Peak memory of
transformers counts the load of the file (against it); ours and llama.cpp's count mapped weights, pages that processes share
(against both). A processor without bf16 products makes transformers emulate them, while ours widens bf16 weights to fp32 at
each use.
"""

import argparse
import json
import random
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmark_step import SMOLLM2
from jvm_contender import ROOT
from race import Contender, ours

GGUF_TYPES = ("f32", "f16", "bf16")


class Writer(Contender):
    """A contender whose work is a text; answers with the prompt's seconds, the text's seconds, and the text."""

    def __init__(self, name: str, command: list[str], threads: int):
        super().__init__(name, command, threads)
        self.texts: list[list[float]] = []

    def text(self) -> None:
        self.texts.append(self.work())

    def rates(self, prompt: int, tokens: int) -> tuple[float, float]:
        """Tokens a second, of the prompt and of the text."""
        reading, writing = (statistics.median(text[column] for text in self.texts) for column in (0, 1))
        return prompt / reading, tokens / writing

    def tokens(self) -> list[int]:
        return [int(number) for number in self.texts[0][2:]]


def adapter_of_zeros(directory: Path) -> Path:
    """PEFT's two files of an adapter that changes nothing, for the shape of SmolLM2-135M."""
    directory.mkdir()
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "base", "r": 1, "lora_alpha": 1}
    (directory / "adapter_config.json").write_text(json.dumps(config | {"target_modules": ["q_proj"]}))
    hidden, header, end = SMOLLM2["hidden_size"], {}, 0
    for layer in range(SMOLLM2["num_hidden_layers"]):
        for matrix, shape in (("A", [1, hidden]), ("B", [hidden, 1])):
            key = f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{matrix}.weight"
            header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * hidden]}
            end += 4 * hidden
    text = json.dumps(header).encode()
    (directory / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    return directory


def unquantised(model: Path, directory: Path) -> dict[str, Path]:
    """The model as GGUF files in other types."""
    adapter = adapter_of_zeros(directory / "zeros")
    files = {}
    for kind in GGUF_TYPES:
        files[kind] = directory / f"{kind}.gguf"
        command = ours("Merge", adapter, "--base", model, "--output", files[kind], "--type", kind)
        subprocess.run(command, check=True, capture_output=True)
    return files


def commands(options, prompt: list[int], directory: Path) -> dict[str, list[str]]:
    ids = ",".join(map(str, prompt))
    common = [str(options.threads), str(options.tokens), ids]
    found = {}
    for dtype in options.dtypes.split(","):
        for branches in ("base", "adapted"):
            arguments = (options.model, options.cache, dtype, branches, *common)
            found[f"ours {branches} {dtype}"] = ours("model.DecoderBenchmark", *arguments)
    if options.python:
        peer = [options.python, str(ROOT / "interop/generate_peer.py")]
        for name, dtype in (("fp32", "float32"), ("bf16", "bfloat16")):
            found[f"transformers {name}"] = [*peer, "transformers", options.model, dtype, *common]
        for name, file in ({"q4_1": options.model} | unquantised(Path(options.model), directory)).items():
            found[f"llama.cpp {name}"] = [*peer, "llama.cpp", str(file), name, *common]
    return found


def race(options, prompt: list[int], directory: Path) -> list[Writer]:
    """A text of each in turn; no process is left, whatever happens."""
    writers: list[Writer] = []
    try:
        for name, command in commands(options, prompt, directory).items():
            writers.append(Writer(name, command, options.threads))
            print(f"{name}: {writers[-1].about}", flush=True)
        for _ in range(options.rounds):
            for writer in writers:
                writer.text()
        for writer in writers:
            writer.finish()
        return writers
    finally:
        for writer in writers:
            writer.process.kill()


def same(text: list[int], other: list[int]) -> int:
    """How many first tokens two texts share."""
    return next((i for i, (a, b) in enumerate(zip(text, other, strict=True)) if a != b), len(text))


def report(writers: list[Writer], prompt: int, tokens: int) -> None:
    rates = {writer.name: writer.rates(prompt, tokens) for writer in writers}
    mine = [writer.name for writer in writers if writer.name.startswith("ours")]
    print(f"prompt of {prompt} tokens, text of {tokens}; tokens/s, and ours over each: prefill, decode")
    print(
        f"{'':18} {'prefill':>8} {'decode':>7} {'peak MB':>8} {'as ours':>8}",
        *(f"{name.removeprefix('ours '):>14}" for name in mine),
    )
    for writer in writers:
        prefill, decode = rates[writer.name]
        ratios = [f"{rates[name][0] / prefill:6.2f}, {rates[name][1] / decode:6.2f}" for name in mine]
        agreeing = same(writer.tokens(), writers[0].tokens())
        print(
            f"{writer.name:18} {prefill:8.1f} {decode:7.1f} {writer.peak_megabytes:8.0f} {agreeing:8d}",
            *(ratios if writer.name not in mine else []),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="SmolLM2-135M as a GGUF file")
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--dtypes", default="fp32,bf16", help="how ours stores the weights")
    parser.add_argument("--prompt", type=int, default=256, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=128, help="tokens of the text")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--python", help="interpreter with interop/requirements.txt; without it ours runs alone")
    options = parser.parse_args()
    prompt = random.Random(7).choices(range(10, 49_000), k=options.prompt)
    with tempfile.TemporaryDirectory() as directory:
        writers = race(options, prompt, Path(directory))
    report(writers, options.prompt, options.tokens)


if __name__ == "__main__":
    sys.exit(main())
