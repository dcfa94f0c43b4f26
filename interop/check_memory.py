#!/usr/bin/env python3
"""Holds `check`'s estimate of a rank's memory against the measured peak of training steps, shape by shape.

    python3 interop/check_memory.py models/SmolLM2-135M-Instruct.Q4_1.gguf

Needs a built checkout (`mvn -Dquick -DskipTests package`). Each shape is two steps in a JVM of its own whose heap is
touched whole, so that what lies outside the heap is the peak (VmHWM) less the heap. The estimate's runtime term stands for
a Spark executor; here it is replaced by what the same JVM takes over a model of two tiny layers. Exits with 1 where an
estimate is off by more than 15 %.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from jvm_contender import ROOT, class_path, java

# rows, tokens a row, layers held at a time (0: all), targets
SHAPES = [
    (1, 256, 0, "all-linear"),
    (2, 256, 0, "all-linear"),
    (2, 256, 0, "q_proj,v_proj"),
    (1, 256, 5, "all-linear"),
    (1, 1024, 0, "all-linear"),
    (2, 512, 0, "all-linear"),
    (1, 1024, 5, "all-linear"),
    (2, 512, 5, "q_proj,v_proj"),
]
ALLOWED = 0.15
KIBIBYTES = 1024


def measured(model: str, options, rows: int, length: int, held: int, targets: str) -> float:
    """The peak outside the heap, MiB."""
    heap = ["-Xms192m", "-Xmx192m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-Dai.djl.offline=true"]
    command = [
        java(),
        *heap,
        "-cp",
        class_path("training-job", "pipeline"),
        "io.sparklora.training.model.MemoryBenchmark",
    ]
    command += [
        model,
        str(options.cache),
        options.dtype,
        options.compute,
        str(rows),
        str(length),
        str(held),
        targets,
        "",
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(re.search(r"outside-heap-kibibytes (\d+)", out).group(1)) / KIBIBYTES


def estimated(options, rows: int, length: int, held: int, targets: str) -> tuple[float, float]:
    """What `check` says a rank needs besides its heap, and the runtime's part of it, MiB."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "run.yaml"
        config.write_text(
            f"""name: memory
storage: {{runs: {directory}/runs, registry: {directory}/registry}}
base: {{model: {Path(options.base).resolve()}, dtype: {options.dtype}, compute: {options.compute}}}
corpus: {{sources: [{{format: json, path: none.json, text: text}}]}}
prepare: {{sequence: {{length: {length}}}}}
lora: {{rank: 8, targets: [{targets}]}}
train: {{batch: {{sequences: {rows}, micro: {rows}, activation-checkpointing: {held}}}}}
"""
        )
        out = subprocess.run([ROOT / "bin/spark-lora", "check", config], capture_output=True, text=True).stdout
    line = re.search(r"a rank needs ([\d,]+) MiB.*runtime ([\d,]+)", out)
    if not line:
        raise SystemExit(f"check said nothing of memory:\n{out}")
    return tuple(float(number.replace(",", "")) for number in line.groups())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="GGUF file or Hugging Face directory")
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--compute", choices=("bf16", "fp32"), default="fp32")
    options = parser.parse_args()
    bare = measured("tiny", options, 1, 64, 0, "all-linear")
    print(f"a JVM with libtorch takes {bare:.0f} MiB outside its heap")
    print(f"{'shape':>8} {'held':>5} {'targets':14} {'estimate':>9} {'measured':>9}")
    worst = 0.0
    for shape in SHAPES:
        needed, runtime = estimated(options, *shape)
        estimate, peak = needed - runtime + bare, measured(options.base, options, *shape)
        off = estimate / peak - 1
        worst = max(worst, abs(off))
        rows, length, held, targets = shape
        print(f"{rows}x{length:<6} {held or 'all':>5} {targets:14} {estimate:9.0f} {peak:9.0f}  {off:+.1%}", flush=True)
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
