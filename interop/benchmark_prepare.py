"""How prepare's time and memory grow with the corpus: 10, 100 and 1,000 MB, and whatever sizes are asked for.

    python3 interop/benchmark_prepare.py models/SmolLM2-135M-Instruct.Q4_1.gguf --megabytes 10,100,1000

Needs a built checkout (`mvn -Dquick package`). Each corpus is prepared from start to end as a user does it, by
`bin/spark-lora prepare` with the heap of --heap: filters, exact and near-duplicates, split, tokens, packing, statistics.
Prints wall time, processor time (which others on the machine disturb less), the largest process' memory, and both times a
megabyte. --largest adds one document of so many megabytes, which is split.

The documents are JSON lines, made of sentences of common and made-up words; one in twenty is a copy of an earlier one with
a sentence or two replaced, so that there are near-duplicates to be found. They are the same on every machine.
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LETTERS = "etaoinshrdlucmfwypvbgk"
COMMON = [
    "the",
    "be",
    "to",
    "of",
    "and",
    "that",
    "have",
    "with",
    "it",
    "for",
    "not",
    "on",
    "as",
    "you",
    "do",
    "at",
    "this",
    "but",
    "his",
    "by",
    "from",
    "they",
    "we",
]
MEGABYTE = 1_000_000
SENTENCES_OF_DOCUMENT = 40


def sentences(source: random.Random, number: int) -> list[str]:
    words = ["".join(source.choices(LETTERS, k=source.randint(2, 9))) for _ in range(20_000)]
    return [
        " ".join(
            source.choice(COMMON if source.random() < 0.4 else words) for _ in range(source.randint(6, 16))
        ).capitalize()
        + "."
        for _ in range(number)
    ]


def write_corpus(directory: Path, megabytes: int, largest: int) -> int:
    """Writes the documents in files of up to 50 MB, and says how many there are."""
    source = random.Random(29)
    stock = sentences(source, 50_000)
    directory.mkdir(parents=True)
    recent: list[list[str]] = []
    written = documents = 0
    while written < megabytes * MEGABYTE:
        with (directory / f"part-{written // (50 * MEGABYTE):04d}.jsonl").open("w") as file:
            end = min(megabytes * MEGABYTE, (written // (50 * MEGABYTE) + 1) * 50 * MEGABYTE)
            while written < end:
                if recent and source.random() < 0.05:
                    chosen = list(source.choice(recent))
                    for _ in range(source.randint(1, 2)):
                        chosen[source.randrange(len(chosen))] = source.choice(stock)
                else:
                    chosen = source.choices(stock, k=source.randint(10, 2 * SENTENCES_OF_DOCUMENT))
                recent = [*recent[-99:], chosen]
                text = "\n".join(" ".join(chosen[i : i + 8]) for i in range(0, len(chosen), 8))
                documents += 1
                written += file.write(json.dumps({"id": f"{documents:09d}", "text": text}) + "\n")
    if largest:
        with (directory / "largest.jsonl").open("w") as file:
            text = "\n".join(" ".join(source.choices(stock, k=8)) for _ in range(largest * MEGABYTE // 560))
            file.write(json.dumps({"id": "largest", "text": text}) + "\n")
        documents += 1
    return documents


def configuration(work: Path, model: Path, heap: str) -> str:
    return f"""name: synthetic
storage: {{runs: {work}/runs, registry: {work}/registry}}
base: {{model: {model.resolve()}}}
corpus: {{sources: [{{format: json-lines, path: {work}/corpus, id: id}}]}}
prepare:
  deduplicate: near
  length: {{oversized: split}}
  filters:
    gopher-repetition: {{enabled: true}}
    gopher-quality: {{enabled: true}}
    c4-quality: {{enabled: true}}
    fineweb-quality: {{enabled: true}}
  split: {{validation: 0.01}}
spark: {{driver-memory: {heap}}}
"""


def prepare(work: Path) -> tuple[float, float, float, dict]:
    """Seconds, processor seconds, megabytes of the largest process, and the stage's figures."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run([ROOT / "bin/spark-lora", "prepare", work / "run.yaml"], check=False)
    wall = time.monotonic() - start
    if done.returncode != 0:
        raise SystemExit(f"prepare ended with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = json.loads((work / "runs/synthetic/results/prepare.json").read_text())
    return wall, processor, after.ru_maxrss / 1024, result["figures"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the base model, whose tokenizer is used")
    parser.add_argument("--megabytes", default="10,100,1000", help="sizes of the corpora, ascending")
    parser.add_argument("--largest", type=int, default=0, help="megabytes of one more document")
    parser.add_argument("--heap", default="2g", help="heap of the one Java process")
    parser.add_argument("--work", type=Path, default=ROOT / "target/benchmark-prepare")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    print(
        "     MB  documents       kept         tokens    wall s     CPU s  wall s/MB   CPU s/MB  memory MB", flush=True
    )
    for megabytes in map(int, arguments.megabytes.split(",")):
        shutil.rmtree(work, ignore_errors=True)
        documents = write_corpus(work / "corpus", megabytes, arguments.largest)
        (work / "run.yaml").write_text(configuration(work, arguments.model, arguments.heap))
        wall, processor, memory, figures = prepare(work)
        print(
            f"{megabytes + arguments.largest:7,} {documents:10,} {figures['documents_kept']:10,.0f} {figures['tokens']:14,.0f}"
            f" {wall:9.1f} {processor:9.1f} {wall / megabytes:10.3f} {processor / megabytes:10.3f} {memory:10,.0f}",
            flush=True,
        )
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
