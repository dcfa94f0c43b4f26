"""Our tokenising beside Hugging Face's tokenizers, each with as many threads, in turn; prints MB/s and their ratio.

    mvn -q -Dquick -pl data-prep -am test-compile
    /tmp/datatrove/bin/python interop/benchmark_tokenizers.py corpus/spdx-licences models/SmolLM2-135M-Instruct.Q4_1.gguf

Needs a built checkout and `tokenizers` (datatrove brings it). Both have the base model's tokenizer and the texts in memory;
the peer encodes them as one batch, by whichever of its two ways is faster; the numbers of tokens must be equal. Names of
special tokens within a text are text to both: ours never takes them for the tokens, the peer is told not to.

What is unfair, and to whom: ours makes an array of each document's ids, the peer keeps them until they are asked for (in
the peer's favour, and so is that the ids are not asked for within its time). Ours remembers the tokens of pieces of text
that it has seen, the peer those of words within its model: licences repeat each other's words, and the corpus is laid end
to end --copies times (both in our favour).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jvm_contender import Jvm, texts_of

MEGABYTE = 1e6


class Peer:
    """One of the two ways in which tokenizers encodes a batch, with the threads of RAYON_NUM_THREADS."""

    def __init__(self, tokenizer, way, texts):
        self.encode = getattr(tokenizer, way)
        self.texts = texts

    def round(self):
        start = time.perf_counter()
        encodings = self.encode(self.texts, add_special_tokens=False)
        seconds = time.perf_counter() - start
        return seconds, sum(len(encoding.ids) for encoding in encodings)

    def close(self):
        pass


def measure(arguments, directory):
    from tokenizers import Tokenizer  # reads its environment when it is imported

    texts = texts_of(arguments.corpus, arguments.copies)
    corpus = directory / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    megabytes = sum(len(text.encode()) for text in texts) / MEGABYTE
    print(f"{len(texts)} documents, {megabytes:.1f} MB, {arguments.threads} threads a side")
    tokenizer_file = directory / "tokenizer.json"
    ours = Jvm("dataset.TokenizerBenchmark", corpus, arguments.threads, arguments.model, tokenizer_file)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.encode_special_tokens = True
    contenders = {
        "spark-lora": ours,
        "encode_batch": Peer(tokenizer, "encode_batch", texts),
        "encode_batch_fast": Peer(tokenizer, "encode_batch_fast", texts),
    }
    speeds = {name: [] for name in contenders}
    try:
        for number in range(arguments.warm_up + arguments.rounds):
            rounds = {name: contender.round() for name, contender in contenders.items()}
            if len({tokens for _, tokens in rounds.values()}) > 1:
                raise SystemExit(f"the tokens differ: {rounds}")
            if number >= arguments.warm_up:
                for name, (seconds, _) in rounds.items():
                    speeds[name].append(megabytes / seconds)
            print(*(f"{name} {megabytes / seconds:.2f} MB/s" for name, (seconds, _) in rounds.items()), sep="   ")
    finally:
        ours.close()
    return {name: statistics.median(values) for name, values in speeds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path, help="directory of SPDX licences in JSON, or of text files")
    parser.add_argument("model", type=Path, help="base model whose tokenizer both use")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=2, help="rounds before those that count")
    parser.add_argument("--copies", type=int, default=2, help="how often the corpus is laid end to end")
    arguments = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
    with tempfile.TemporaryDirectory() as directory:
        medians = measure(arguments, Path(directory))
    for name, median in medians.items():
        print(f"{name:<17} {median:6.2f} MB/s")
    peer = max(median for name, median in medians.items() if name != "spark-lora")
    print(f"ratio             {medians['spark-lora'] / peer:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
