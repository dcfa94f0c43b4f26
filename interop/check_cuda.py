#!/usr/bin/env python3
"""Runs the training program that Java wrote on a GPU, under Python's PyTorch, and holds it against the CPU.

    /tmp/interop/bin/python interop/check_cuda.py --base models/SmolLM2-135M-Instruct.Q4_1.gguf --dtype bf16
    /tmp/interop/bin/python interop/check_cuda.py --device cpu --rows 1 --length 64      # what it does without a GPU

Needs a built checkout (`mvn -Dquick test-compile` and target/natives). Java writes the archive for both devices and
computes loss and gradient on the CPU; here the archives are loaded as they are, called by the same method, and compared
with Java's figures and with each other. Then it prints tokens/s, FLOP/s, and what share that is of a plain product's rate
on the device, or of --peak-tflops (model FLOP utilisation).

FLOPs are the model's, not the machine's: for each token two a weight in the forward pass and two in the backward pass, as
frozen weights have no gradient of their own, and attention's products over the half of the positions that are seen; LoRA's
own and what is computed twice are left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from jvm_contender import ROOT
from race import ours

# Relative distance of gradients: fp32 sums in another order, and bf16's rounding, which falls differently on each device.
ALLOWED = {"fp32": 1e-4, "bf16": 0.1}
ALLOWED_LOSS = {"fp32": 1e-5, "bf16": 5e-3}
PRODUCT = 4096


def export(options, directory: str) -> None:
    shape = (options.rows, options.length)
    command = ours("model.ProgramExport", options.base, options.cache, options.stored, options.dtype, *shape, directory)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


class Program:
    """The archive for a device, opened and loaded with the parameters that Java used."""

    def __init__(self, directory: Path, device: str, call: dict):
        self.call = call
        self.module = torch.jit.load(directory / ("cpu.pt" if device == "cpu" else "cuda.pt"))
        opened = call["open"]
        keys = "weights elements offsets small frequencies branches scales slopes places vector_places"
        self.module.open(*(opened[key] for key in keys.split()))
        theta = torch.from_file(str(directory / "theta.bin"), size=(directory / "theta.bin").stat().st_size // 4)
        self.module.load(theta.to("cpu" if device == "cpu" else "cuda:0"))

    def step(self) -> tuple[float, torch.Tensor]:
        call = self.call
        return self.module.gradient(call["ids"], call["documents"], call["rows"], call["targets"], False, 0)


def flops(call: dict) -> float:
    """The model's, of one micro-batch: see above."""
    tokens = len(call["ids"])
    seen = sum(length * length / 2 for length in call["documents"])
    # Two products of 2 FLOPs a number in the forward pass, four in the backward pass.
    attention = (2 + 4) * 2 * call["layers"] * call["query_width"] * seen
    return 4 * call["linear_weights"] * tokens + attention


def seconds_of(work, device: str, rounds: int) -> float:
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def product_rate(device: str, dtype: torch.dtype) -> float:
    """FLOP/s of one large product."""
    size = PRODUCT if device != "cpu" else PRODUCT // 4
    place = "cpu" if device == "cpu" else "cuda:0"
    a = torch.randn(size, size, device=place).to(dtype)
    return 2 * size**3 / seconds_of(lambda: a @ a, device, 5)


def compare(what: str, dtype: str, loss: float, gradient, other_loss: float, other) -> bool:
    distance = ((gradient - other).norm() / other.norm()).item()
    apart = abs(loss / other_loss - 1)
    print(f"{what}: loss {loss:.6f} and {other_loss:.6f}, gradient's relative L2 distance {distance:.1e}")
    return distance <= ALLOWED[dtype] and apart <= ALLOWED_LOSS[dtype]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="random", help="GGUF file or directory; random weights without")
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--stored", choices=("bf16", "fp32"), default="bf16", help="type of the frozen weights")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default="fp32", help="type of the products")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak-tflops", type=float, help="the device's rate as its data sheet has it")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU that this PyTorch sees: --device cpu does all else")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        export(options, temporary)
        call = json.loads((directory / "arguments.json").read_text())
        written = torch.from_file(
            str(directory / "gradient.bin"), size=(directory / "gradient.bin").stat().st_size // 4
        )
        loss, gradient = Program(directory, "cpu", call).step()
        gradient = gradient.clone()
        agreed = compare("CPU here and CPU in Java", options.dtype, loss, gradient, call["loss"], written)
        program = Program(directory, options.device, call)
        if options.device == "cuda":
            found, of_gpu = program.step()
            agreed &= compare("GPU and CPU", options.dtype, found, of_gpu, loss, gradient)
        seconds = seconds_of(program.step, options.device, options.rounds)
    rate = flops(call) / seconds
    plain = product_rate(options.device, {"bf16": torch.bfloat16, "fp32": torch.float32}[options.dtype])
    name = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    print(
        f"{name}, {options.rows}x{options.length}, {options.dtype}: {len(call['ids']) / seconds:.0f} tokens/s,"
        f" {rate / 1e12:.3f} TFLOP/s, {rate / plain:.0%} of a plain product's {plain / 1e12:.3f}"
    )
    if options.peak_tflops:
        print(f"model FLOP utilisation {rate / 1e12 / options.peak_tflops:.1%} of {options.peak_tflops} TFLOP/s")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
