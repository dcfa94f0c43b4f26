#!/usr/bin/env python3
"""What attention costs at a fixed number of tokens, by the length of the documents that they are made of.

    python3 interop/benchmark_attention.py

Needs a built checkout (`mvn -Dquick test-compile` and target/natives). Four layers of SmolLM2-135M's width with random
weights and rank 8 make a forward and a backward pass over the same tokens, cut into documents of 64 tokens, of 128, up to
one document, in turn. Prints the median milliseconds of each length, how far above the shortest documents' that is,
and the share of the pass's products that attention's are.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from jvm_contender import ROOT
from race import ours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=4096, help="tokens of a pass")
    parser.add_argument("--rounds", type=int, default=7, help="passes of each length that count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    options = parser.parse_args()
    command = ours("model.AttentionBenchmark", options.cache, options.tokens, options.rounds, options.threads)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
