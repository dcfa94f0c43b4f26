"""Our four quality filters beside datatrove's in two processes, in turn on one machine; prints MB/s and their ratio.

    mvn -q -Dquick -pl data-prep -am test-compile
    /tmp/datatrove/bin/python interop/benchmark_filters.py corpus/spdx-licences

Needs a built checkout and interop/requirements-datatrove.txt (for --words spacy, spaCy too). Both sides run Gopher's
repetition and quality rules, C4's without the rule for line ends, and FineWeb's, on the texts of a directory of SPDX
licences, a document that a filter drops going no further; the numbers of documents kept must be equal.

What is unfair, and to whom: both hold the corpus in memory and nothing is written, but ours counts what Spark takes to plan
and start a job, and unpacks its cached columns (in the peer's favour). datatrove gets our word rule by one regular
expression, which is faster than the spaCy that it uses by default (in the peer's favour; --words spacy shows the
difference, and then the decisions differ). The JVM has compiled its code after the warm-up (in our favour on a corpus of
seconds). A machine that others use slows both: compare the medians of rounds that alternate.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from filter_words import PlainWords
from jvm_contender import Jvm, texts_of

MEGABYTE = 1e6


class Peer:
    """datatrove's filters in processes that each hold their share of the corpus."""

    def __init__(self, texts, processes, words):
        self.parts = [texts[i::processes] for i in range(processes)]
        self.pool = multiprocessing.Pool(processes, prepare_process, (self.parts, words))

    def round(self):
        start = time.perf_counter()
        kept = sum(self.pool.map(filter_part, range(len(self.parts)), chunksize=1))
        return time.perf_counter() - start, kept

    def close(self):
        self.pool.terminate()


def prepare_process(parts, words):
    global PARTS, FILTERS
    PARTS = parts
    language = PlainWords() if words == "plain" else "en"
    FILTERS = [
        GopherRepetitionFilter(language=language),
        GopherQualityFilter(language=language),
        C4QualityFilter(filter_no_terminal_punct=False, language=language),
        FineWebQualityFilter(language=language),
    ]


def filter_part(part):
    kept = 0
    for text in PARTS[part]:
        document = Document(text=text, id="")
        kept += all(step.filter(document) is True for step in FILTERS)
    return kept


def measure(arguments, corpus):
    texts = texts_of(arguments.corpus, arguments.copies)
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    megabytes = sum(len(text.encode()) for text in texts) / MEGABYTE
    print(
        f"{len(texts)} documents, {megabytes:.1f} MB, {arguments.processes} processes against {arguments.processes} threads"
    )
    contenders = {"datatrove": Peer(texts, arguments.processes, arguments.words)}
    try:
        contenders["spark-lora"] = Jvm("filter.FilterBenchmark", corpus, arguments.processes)
        speeds = {name: [] for name in contenders}
        for number in range(arguments.warm_up + arguments.rounds):
            rounds = {name: contender.round() for name, contender in contenders.items()}
            if arguments.words == "plain" and len({kept for _, kept in rounds.values()}) > 1:
                raise SystemExit(f"the decisions differ: {rounds}")
            if number >= arguments.warm_up:
                for name, (seconds, _) in rounds.items():
                    speeds[name].append(megabytes / seconds)
            print(*(f"{name} {megabytes / s:.2f} MB/s, {kept} kept" for name, (s, kept) in rounds.items()), sep="   ")
    finally:
        for contender in contenders.values():
            contender.close()
    return {name: statistics.median(values) for name, values in speeds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path, help="directory of SPDX licences in JSON, or of text files")
    parser.add_argument("--processes", type=int, default=2, help="datatrove's processes, and our threads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=3, help="rounds before those that count")
    parser.add_argument("--copies", type=int, default=4, help="how often the corpus is laid end to end")
    parser.add_argument("--words", choices=["plain", "spacy"], default="plain", help="datatrove's word splitter")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        medians = measure(arguments, Path(directory) / "corpus.jsonl")
    for name, median in medians.items():
        print(f"{name:<11} {median:6.2f} MB/s")
    print(f"ratio       {medians['spark-lora'] / medians['datatrove']:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
