"""Our training step beside PEFT's, alternated step by step on one machine, shape by shape; a table at the end.

    python3 interop/benchmark_step.py --python /tmp/interop/bin/python --base models/SmolLM2-135M-Instruct.Q4_1.gguf

Needs a built checkout (`mvn -Dquick test-compile` and target/natives) and, for the peer, an environment with
interop/requirements.txt. A step is forward, backward, clipping and AdamW on the same number of random tokens, all supervised.
A cell of the table is a number type, a batch, targets at r=8 and whether activations are held or computed again; --dtypes,
--batches, --targets and --checkpointing choose cells. In each cell ours races with the variants of peft_step.py that --peers
names, or those of its number type; `+keeping` lets glibc keep the arrays that were freed. After two steps only those variants
go on that are within a third of the fastest, and the cell's ratios are against the fastest of all.

What is unfair, and to whom: the peer's weights are random and in memory from the start, so its peak lacks what loading a
file takes (in its favour), while ours counts the JVM and the mapped weights, pages that processes of one host share (in
its favour too). Our AdamW runs in Java on fp32 vectors, the peer's in PyTorch; ours also makes the fixed-point sum that
several ranks would need (in the peer's favour). Where activations are computed again, ours holds --segment layers at a time,
transformers one: ours computes as much again and holds more. A processor without bf16 products makes PyTorch emulate them, and ours widens to fp32: there
the bf16 cells compare memory more than speed, and --peers bf16=autocast,fp32 adds the peer that is fast there. Both warm up for
two steps. Compare the medians of steps that alternate: a machine that others use slows both alike, and CPU time is given beside
the clock.

`outside` is the share of our step that is not spent in calls of the native program: the sum, AdamW, arguments and results.
"""

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from jvm_contender import ROOT
from race import KEEPING, Contender, ours

SMOLLM2 = {
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "vocab_size": 49152,
    "max_position_embeddings": 8192,
    "rope_theta": 100000.0,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}
PEERS = {"bf16": "bf16,bf16-whole,autocast,autocast+keeping,autocast-fp32", "fp32": "fp32,fp32+keeping"}
KEEPS = "+keeping"
TARGETS = {"all-linear": "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj", "q-v": "q_proj,v_proj"}
TRIAL_STEPS = 2
OUT_OF_REACH = 4 / 3


@dataclass(frozen=True)
class Cell:
    """What both sides compute."""

    dtype: str
    rows: int
    length: int
    targets: str
    checkpointing: bool

    def __str__(self) -> str:
        held = "recomputed" if self.checkpointing else "held"
        return f"{self.dtype} {self.rows}x{self.length} {self.targets} {held}"


@dataclass(frozen=True)
class Figures:
    """What one contender took."""

    name: str
    seconds: float
    cpu_seconds: float
    outside: float
    peak_megabytes: float


class Stepper(Contender):
    """A contender whose work is a step; answers with seconds by the clock, of CPU time and, ours, in native calls."""

    def __init__(self, name: str, command: list[str], threads: int, environment: dict[str, str] | None = None):
        super().__init__(name, command, threads, environment)
        self.steps: list[list[float]] = []

    def step(self) -> None:
        self.steps.append(self.work())

    def median(self, column: int = 0) -> float:
        return statistics.median(step[column] for step in self.steps)

    def figures(self) -> Figures:
        outside = 0.0
        if len(self.steps[0]) > 2:
            outside = statistics.median(1 - native / clock for clock, _, native, *_ in self.steps)
        return Figures(self.name, self.median(), self.median(1), outside, self.peak_megabytes)


def our_stepper(options, cell: Cell) -> Stepper:
    held = options.segment if cell.checkpointing else 0
    batch = (cell.rows, cell.length, options.threads, held, TARGETS[cell.targets])
    command = ours("model.StepBenchmark", options.base, options.cache, cell.dtype, *batch)
    return Stepper(f"ours {cell.dtype}", command, options.threads)


def peer(options, cell: Cell, variant: str) -> Stepper:
    script = str(ROOT / "interop/peft_step.py")
    batch = (cell.rows, cell.length, options.threads, int(cell.checkpointing), TARGETS[cell.targets])
    command = [options.python, script, variant.removesuffix(KEEPS), *map(str, batch), json.dumps(SMOLLM2)]
    return Stepper(f"PEFT {variant}", command, options.threads, KEEPING if variant.endswith(KEEPS) else None)


def race(options, cell: Cell) -> list[Figures]:
    """A step of each in turn, ours first; no process is left, whatever happens."""
    contenders: list[Stepper] = []
    try:
        contenders.append(our_stepper(options, cell))
        if options.python:
            contenders += [peer(options, cell, variant) for variant in options.peers[cell.dtype].split(",")]
        running = contenders
        for number in range(options.rounds):
            for contender in running:
                contender.step()
            if number + 1 == TRIAL_STEPS and len(running) > 1:
                limit = OUT_OF_REACH * min(contender.median() for contender in running[1:])
                running = running[:1] + [contender for contender in running[1:] if contender.median() <= limit]
                for contender in contenders:
                    if contender not in running:
                        contender.finish()
        for contender in running:
            contender.finish()
        return [contender.figures() for contender in contenders]
    finally:
        for contender in contenders:
            contender.process.kill()


def report(cell: Cell, figures: list[Figures]) -> None:
    mine = figures[0]
    tokens = cell.rows * cell.length
    print(f"{cell!s:34} {'tokens/s':>9} {'median ms':>10} {'CPU ms':>8} {'peak MB':>8}   ours / this: speed, memory")
    for each in figures:
        ratios = f"   outside native calls {each.outside:.1%}"
        if each is not mine:
            ratios = f"   {each.seconds / mine.seconds:.2f}, {mine.peak_megabytes / each.peak_megabytes:.2f}"
        print(
            f"{each.name:34} {tokens / each.seconds:9.1f} {each.seconds * 1e3:10.0f} {each.cpu_seconds * 1e3:8.0f}"
            f" {each.peak_megabytes:8.0f}{ratios}",
            flush=True,
        )


def table(raced: dict[Cell, list[Figures]]) -> None:
    print(
        "\n| cell | ours tokens/s | peak MB | outside native calls | fastest PEFT | tokens/s | peak MB | speed | memory |"
    )
    print("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |")
    for cell, figures in raced.items():
        mine = figures[0]
        tokens = cell.rows * cell.length
        row = f"| {cell} | {tokens / mine.seconds:.0f} | {mine.peak_megabytes:.0f} | {mine.outside:.1%} |"
        if len(figures) > 1:
            best = min(figures[1:], key=lambda each: each.seconds)
            row += f" {best.name} | {tokens / best.seconds:.0f} | {best.peak_megabytes:.0f} |"
            row += f" {best.seconds / mine.seconds:.2f} | {mine.peak_megabytes / best.peak_megabytes:.2f} |"
        print(row)


def chosen_peers(text: str) -> dict[str, str]:
    """bf16=autocast,fp32;fp32=fp32 -> variants by number type; those that are not named stay as they are."""
    return PEERS | dict(part.split("=", 1) for part in text.split(";") if part)


def cells(options) -> list[Cell]:
    batches = [tuple(int(number) for number in batch.split("x")) for batch in options.batches.split(",")]
    held = {"off": False, "on": True}
    return [
        Cell(dtype, rows, length, targets, held[checkpointing])
        for dtype, (rows, length), checkpointing, targets in product(
            options.dtypes.split(","), batches, options.checkpointing.split(","), options.targets.split(",")
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--base", default="random", help="GGUF file or directory of the SmolLM2-135M shape; random weights without"
    )
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--dtypes", default="bf16,fp32", help="of bf16 and fp32")
    parser.add_argument("--batches", default="2x256,1x1024", help="rows x tokens a row")
    parser.add_argument("--checkpointing", default="off,on", help="of off and on: activations computed again")
    parser.add_argument("--segment", type=int, default=4, help="layers that ours holds at a time where it is on")
    parser.add_argument("--targets", default="all-linear,q-v", help="of all-linear and q-v")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7, help="steps of each that count")
    parser.add_argument("--python", help="interpreter with interop/requirements.txt; without it ours runs alone")
    parser.add_argument(
        "--peers",
        type=chosen_peers,
        default=PEERS,
        help="variants of peft_step.py by number type, such as 'bf16=autocast,fp32;fp32=fp32'",
    )
    options = parser.parse_args()
    raced = {}
    for cell in cells(options):
        raced[cell] = race(options, cell)
        report(cell, raced[cell])
    table(raced)


if __name__ == "__main__":
    sys.exit(main())
