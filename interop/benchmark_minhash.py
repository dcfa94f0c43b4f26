"""MinHash deduplication beside datatrove's: the same documents, the same shingles, bands and rows, two processes' worth of CPU.

    python3 interop/benchmark_minhash.py --python /tmp/datatrove/bin/python

Needs a built checkout (`mvn -Dquick test-compile`, which lays Spark's jars out under target/spark-home) and, for the peer,
an environment with `datatrove[io]==0.10.1 spacy 'xxhash<4' orjson tokenizers`. Both read JSON lines and write the kept documents as JSON
lines; both run from start to end in each round, in turn, and the medians are compared. Prints seconds, documents a second,
documents kept, the ratio, and precision and recall of our pairs on the first documents, by comparing each with each.

The documents are made of a vocabulary with Zipf's frequencies and come out the same on every machine: a fifth of them are
copies of an earlier one with up to a tenth of the words replaced, and one in fifty is an exact copy.

What is unfair, and to whom: our time counts the start of a JVM and of Spark, and a pass for exact duplicates and for the
similarity of every pair (in the peer's favour); the peer's counts the import of Python's modules, its log files and the
gzip-free files between its four stages, as it works by design (in ours). The peer splits words with spaCy's rules, ours
are runs of letters and digits; on these documents both see the same words. Ours is one process of two threads, the peer's
two processes.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from jvm_contender import class_path

ROOT = Path(__file__).resolve().parent.parent
OPENED = (
    "java.io",
    "java.lang",
    "java.lang.invoke",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "sun.nio.ch",
    "sun.security.action",
    "sun.util.calendar",
)
LETTERS = "etaoinshrdlucmfwypvbgk"


def vocabulary(words: int, source: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < words:
        found["".join(source.choice(LETTERS) for _ in range(source.randint(2, 9)))] = None
    return list(found)


def write_documents(directory: Path, documents: int, words: int, files: int) -> int:
    """Writes the documents and says how many bytes they are."""
    source = random.Random(17)
    names = vocabulary(30_000, source)
    weights = [1 / (rank + 10) for rank in range(len(names))]
    directory.mkdir(parents=True)
    recent: list[list[str]] = []
    handles = [(directory / f"part-{number:02d}.jsonl").open("w") for number in range(files)]
    total = 0
    for number in range(documents):
        kind = source.random()
        if recent and kind < 0.02:
            text = list(source.choice(recent))
        elif recent and kind < 0.22:
            text = list(source.choice(recent))
            for _ in range(source.randint(1, max(1, len(text) // 10))):
                text[source.randrange(len(text))] = source.choice(names)
        else:
            text = source.choices(names, weights, k=source.randint(words // 2, words * 3 // 2))
        recent = [*recent[-99:], text]
        body = " ".join(text)
        total += len(body)
        handles[number * files // documents].write(json.dumps({"id": f"{number:08d}", "text": body}) + "\n")
    for handle in handles:
        handle.close()
    return total


def java(*arguments: str) -> list[str]:
    command = [str(Path(os.environ["JAVA_HOME"]) / "bin/java")] if "JAVA_HOME" in os.environ else ["java"]
    modules = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED]
    return [
        *command,
        "-Xmx3g",
        *modules,
        "-cp",
        class_path("data-prep", "pipeline"),
        "io.sparklora.dataprep.duplicate.MinHashBenchmark",
        *arguments,
    ]


def seconds(command: list[str]) -> float:
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return time.monotonic() - start


def kept(directory: Path) -> int:
    return sum(sum(1 for _ in file.open()) for file in directory.glob("*.json*"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--words", type=int, default=400, help="words of a document, on average")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=2_000, help="documents compared with each other")
    parser.add_argument("--work", type=Path, default=ROOT / "target/benchmark-minhash")
    parser.add_argument("--python", help="interpreter with datatrove; without it ours runs alone")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    corpus = arguments.work / "corpus"
    size = write_documents(corpus, arguments.documents, arguments.words, files=4)
    print(f"{arguments.documents:,} documents, {size / 1e6:,.1f} MB of text")
    contenders = {"ours": lambda out: java("run", str(corpus), str(out), "2")}
    if arguments.python:
        peer = str(ROOT / "interop/datatrove_minhash.py")
        contenders["datatrove"] = lambda out: [arguments.python, peer, str(corpus), str(out), "2"]
    times: dict[str, list[float]] = {name: [] for name in contenders}
    left: dict[str, int] = {}
    for _ in range(arguments.rounds):
        for name, command in contenders.items():
            out = arguments.work / name
            shutil.rmtree(out, ignore_errors=True)
            times[name].append(seconds(command(out)))
            left[name] = kept(out / "kept" if name == "datatrove" else out)
            print(f"{name:10} {times[name][-1]:8.1f} s", flush=True)
    for name, taken in times.items():
        median = statistics.median(taken)
        rate = arguments.documents / median
        print(
            f"{name:10} {median:8.1f} s {rate:10,.0f} documents/s {left[name]:10,} kept   of {[round(t, 1) for t in taken]}"
        )
    if arguments.python:
        ratio = statistics.median(times["datatrove"]) / statistics.median(times["ours"])
        print(f"ratio to datatrove: {ratio:.1f}")
    subprocess.run(java("quality", str(corpus), str(arguments.sample)), check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
