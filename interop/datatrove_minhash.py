"""datatrove's MinHash deduplication of JSON lines, its four stages in order: the peer of benchmark_minhash.py.

Arguments: directory of input, directory of output (kept documents under kept/), processes.
"""

import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter


def main() -> None:
    source, work, processes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    reader = JsonlReader(source)
    stages = [
        ("signatures", processes, [reader, MinhashDedupSignature(str(work / "signatures"), config)]),
        ("buckets", 14, [MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)]),
        ("clusters", 1, [MinhashDedupCluster(str(work / "buckets"), str(work / "removed"), config=config)]),
        (
            "filter",
            processes,
            [reader, MinhashDedupFilter(str(work / "removed")), JsonlWriter(str(work / "kept"), compression=None)],
        ),
    ]
    for name, tasks, pipeline in stages:
        LocalPipelineExecutor(
            pipeline=pipeline, tasks=tasks, workers=processes, logging_dir=str(work / "logs" / name)
        ).run()


if __name__ == "__main__":
    sys.exit(main())
