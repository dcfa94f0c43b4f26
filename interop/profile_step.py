#!/usr/bin/env python3
"""Where a training step's time goes: per operation, and beside what the machine's products allow.

    /tmp/interop/bin/python interop/profile_step.py --base models/SmolLM2-135M-Instruct.Q4_1.gguf --dtype fp32

Needs a built checkout (`mvn -Dquick test-compile` and target/natives). Java makes some steps and says what of each lay in native
calls, in the fixed-point sum and in AdamW. The program that it writes is then loaded here as it is, and PyTorch's profiler, which sees
the program's own call stack, says how long each operation's (a file of the program's each) kernels took. Their times are scaled by
how much faster or slower Java's steps are than steps here without the profiler; what is left between kernels is the
interpreter's.

Then the products of frozen weights and head are made alone, each shape as often as the step makes it, over weights as many as the
step has: the least that a step can take as long as it makes these products by the same library. For frozen weights and the head also
FLOP/s are given, and those of one large product.

This Python's PyTorch has newer kernels than the engine's 2.7.1: with an environment of torch 2.7.1 and numpy both are the same.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from functools import cache
from pathlib import Path

import torch
from benchmark_step import TARGETS, Stepper
from check_cuda import Program, export, product_rate, seconds_of
from jvm_contender import ROOT
from race import ours
from torch.profiler import ProfilerActivity, profile

FROZEN, HEAD, BRANCHES = "frozen weights", "head and loss", "branches"
# Files of the program, by what the table calls them.
OPERATIONS = {
    "linear": BRANCHES,
    "magnitude": BRANCHES,
    "dropout": BRANCHES,
    "attention": "attention",
    "blocks": "attention",
    "alibi": "attention",
    "head": HEAD,
    "cap": HEAD,
    "norm": "norms and residual",
    "layer_norm": "norms and residual",
    "head_norm": "norms and residual",
    "residual": "norms and residual",
    "rotary": "rotary positions",
    "gate": "MLP's activation",
    "activation": "MLP's activation",
    "embedding": "embedding",
}
BACKWARD = ("backward", "gradients", "before_multiplication", "factor_gradients")
# The place of the right factor among a product's matrices.
PRODUCTS = {"aten::mm": 1, "aten::addmm": 2, "aten::addmm_": 2}
PROGRAM = ROOT / "training-job/src/main/resources/io/sparklora/training/model/program/nn"
# Larger than the ranks of all branches that share an input, smaller than any of a weight's sides.
LARGEST_RANK = 64
MILLISECONDS = 1e3


@cache
def functions(file: str) -> list[tuple[int, str]]:
    """(line, name) of a program file's functions, in order; nothing for what is no file of operations."""
    source = PROGRAM / f"{file}.py"
    lines = source.read_text().splitlines() if source.exists() else []
    found = [(number, re.match(r" *def (\w+)", line)) for number, line in enumerate(lines, start=1)]
    return [(number, match.group(1)) for number, match in found if match]


def frames(event) -> list[tuple[str, str]]:
    """(file of the program, function) from the innermost call outwards. Lines are the profiler's, functions the source's: those
    that the profiler names are of another frame where calls were inlined."""
    found = []
    for text in event.stack:
        match = re.match(r".*__torch__/nn/(\w+)\.py\((\d+)\)", text)
        if match:
            file, line = match.group(1), int(match.group(2))
            found.append((file, [name for first, name in functions(file) if first <= line][-1]))
    return found


def factors(event):
    """Sizes (m, k, n) of a matrix product, else None. The profiler lists numbers and what lies below on the stack as well."""
    matrices = [shape for shape in event.input_shapes if len(shape) == 2]
    if event.name not in PRODUCTS or len(matrices) <= PRODUCTS[event.name]:
        return None
    left, right = matrices[PRODUCTS[event.name] - 1 : PRODUCTS[event.name] + 1]
    return left[0], left[1], right[1]


def operation(event) -> str | None:
    """The row of the table that a kernel belongs to; None where it is not the program's."""
    if not any("__torch__" in text for text in event.stack):
        return None
    stack = frames(event)
    file = next((file for file, _ in stack if file in OPERATIONS), "")
    name = OPERATIONS.get(file, "the rest")
    if name == BRANCHES:
        sizes = factors(event)
        if sizes and min(sizes) > LARGEST_RANK:
            name = FROZEN
        if any(function == "w" for _, function in stack):
            name = "weights widened"
    if name == HEAD:
        return name
    after = any(function.startswith(BACKWARD) for _, function in stack)
    return f"{name}, {'backward' if after else 'forward'}"


class Profile:
    """Kernels of some steps by operation."""

    def __init__(self, program: Program, rounds: int, steps: int):
        self.seconds = seconds_of(program.step, "cpu", rounds)
        with profile(activities=[ProfilerActivity.CPU], record_shapes=True, with_stack=True) as profiler:
            for _ in range(steps):
                program.step()
        self.steps = steps
        self.by_operation: dict[str, float] = defaultdict(float)
        self.flops: dict[str, float] = defaultdict(float)
        self.products: dict[tuple[int, int, int], int] = defaultdict(int)
        for event in profiler.events():
            self.add(event)

    def add(self, event) -> None:
        name = operation(event)
        if name is None:
            return
        self.by_operation[name] += event.self_cpu_time_total / 1e6 / self.steps
        sizes = factors(event)
        if sizes:
            self.flops[name] += 2 * sizes[0] * sizes[1] * sizes[2] / self.steps
            if name.startswith((FROZEN, HEAD)):
                self.products[sizes] += 1 / self.steps


def products_alone(products: dict, dtype: torch.dtype) -> float:
    """Seconds for all products of a step, each over a weight of its own."""
    seconds = 0.0
    for (m, k, n), count in products.items():
        left = torch.randn(m, k).to(dtype)
        rights = [torch.randn(k, n).to(dtype) for _ in range(max(1, min(round(count), 2**30 // (k * n * 4))))]
        times = []
        for _ in range(3):
            start = time.perf_counter()
            for right in rights:
                left @ right
            times.append((time.perf_counter() - start) / len(rights))
        seconds += count * statistics.median(times[1:])
    return seconds


def steps_in_java(options) -> dict[str, float]:
    """Medians of a step's parts, seconds."""
    arguments = (options.base, options.cache, options.stored, options.rows, options.length, options.threads, 0)
    stepper = Stepper("ours", ours("model.StepBenchmark", *arguments, TARGETS["all-linear"]), options.threads)
    try:
        for _ in range(options.rounds):
            stepper.step()
        stepper.finish()
    finally:
        stepper.process.kill()
    whole, _, native, summing, optimiser = (stepper.median(column) for column in range(5))
    return {
        "native calls": native,
        "fixed-point sum and clipping": summing,
        "AdamW": optimiser,
        "arguments, results and other Java": whole - native - summing - optimiser,
    }


def table(profiled: Profile, java: dict[str, float]) -> None:
    whole = sum(java.values())
    scale = java["native calls"] / profiled.seconds
    print("| operation | ms a step | share | GFLOP/s |")
    print("| --- | ---: | ---: | ---: |")
    rows = {name: seconds * scale for name, seconds in profiled.by_operation.items()}
    rows["between kernels"] = java["native calls"] - sum(rows.values())
    for name, seconds in sorted(rows.items(), key=lambda row: -row[1]):
        rate = ""
        if name.startswith((FROZEN, HEAD, BRANCHES)) and profiled.flops[name]:
            rate = f"{profiled.flops[name] / seconds / 1e9:.0f}"
        print(f"| {name} | {seconds * MILLISECONDS:.1f} | {seconds / whole:.1%} | {rate} |")
    for name, seconds in list(java.items())[1:]:
        print(f"| {name} | {seconds * MILLISECONDS:.1f} | {seconds / whole:.1%} | |")
    print(f"| a step | {whole * MILLISECONDS:.1f} | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="random", help="GGUF file or directory; random weights without")
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--stored", choices=("bf16", "fp32"), default="fp32", help="type of the frozen weights")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default="fp32", help="type that Java computes in here")
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="steps that are timed without the profiler")
    parser.add_argument("--profiled", type=int, default=2, help="steps under the profiler")
    options = parser.parse_args()
    java = steps_in_java(options)
    torch.set_num_threads(options.threads)
    dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[options.dtype]
    with tempfile.TemporaryDirectory() as directory:
        export(options, directory)
        call = json.loads((Path(directory) / "arguments.json").read_text())
        profiled = Profile(Program(Path(directory), "cpu", call), options.rounds, options.profiled)
    print(
        f"{options.rows}x{options.length}, {options.stored} weights, {options.dtype} products, {options.threads} threads\n"
    )
    table(profiled, java)
    alone = products_alone(profiled.products, dtype)
    made = sum(flops for name, flops in profiled.flops.items() if name.startswith((FROZEN, HEAD)))
    print(
        f"\nproducts with frozen weights and head: {made / 1e9:.0f} GFLOP a step, alone {alone * MILLISECONDS:.0f} ms"
        f" ({made / alone / 1e9:.0f} GFLOP/s), {alone / sum(java.values()):.0%} of the step;"
        f" one large product {product_rate('cpu', dtype) / 1e9:.0f} GFLOP/s"
    )


if __name__ == "__main__":
    sys.exit(main())
