"""Our training step beside PEFT's, alternated step by step on one machine; prints tokens/s, peak memory and ratios.

    python3 interop/benchmark_step.py --python /tmp/interop/bin/python --base models/SmolLM2-135M-Instruct.Q4_1.gguf

Needs a built checkout (`mvn -Dquick test-compile` and target/natives) and, for the peer, an environment with
interop/requirements.txt. A step is forward, backward and AdamW on the same number of random tokens, all supervised, r=8 on
all seven linear layers.

What is unfair, and to whom: the peer's weights are random and in memory from the start, so its peak lacks what loading a
file takes (in its favour), while ours counts the JVM and the mapped weights, pages that processes of one host share (in
its favour too). Our AdamW runs in Java on fp32 vectors, the peer's in PyTorch. Both warm up for two steps. Compare the
median of steps that alternate: a machine that others use slows both alike, and CPU time is given beside the clock.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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


class Contender:
    """A process that makes a step for each line it is sent."""

    def __init__(self, name: str, command: list[str], threads: int):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), HF_HUB_OFFLINE="1")
        self.name = name
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self.peak_megabytes = 0.0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._expect("ready")

    def _expect(self, word: str) -> list[str]:
        for line in self.process.stdout:
            words = line.split()
            if words and words[0] == word:
                return words
        raise SystemExit(f"{self.name} ended with {self.process.wait()} before it said {word}")

    def step(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()} amid the steps")
        clock, cpu = line.split()
        self.seconds.append(float(clock))
        self.cpu_seconds.append(float(cpu))

    def finish(self) -> None:
        self.process.stdin.close()
        self.peak_megabytes = int(self._expect("peak-kilobytes")[1]) / 1024
        self.process.wait()


def class_path() -> str:
    """The classes as Maven left them, Spark's jars, and DJL's from the local Maven repository at the POM's versions."""
    repository = Path(os.environ.get("MAVEN_REPOSITORY", Path.home() / ".m2" / "repository"))
    entries = [
        ROOT / "training-job/target/classes",
        ROOT / "training-job/target/test-classes",
        ROOT / "pipeline/target/classes",
        ROOT / "pipeline/target/test-classes",
    ]
    entries += sorted((ROOT / "target/spark-home/jars").glob("*.jar"))
    entries += sorted((ROOT / "target/natives").glob("*.jar"))
    for part in ("ai/djl/api", "ai/djl/pytorch/pytorch-engine", "ai/djl/pytorch/pytorch-jni", "net/java/dev/jna/jna"):
        entries += sorted((repository / part).rglob("*.jar"))
    for part in ("com/google/code/gson/gson", "com/fasterxml/jackson/datatype/jackson-datatype-jdk8", "org/jspecify"):
        entries += sorted((repository / part).rglob("*.jar"))
    for entry in entries[:3]:
        if not entry.is_dir():
            raise SystemExit(f"{entry} is not there: build first (mvn -Dquick -pl training-job -am test-compile)")
    return os.pathsep.join(str(entry) for entry in entries)


def ours(arguments) -> list[str]:
    java = [str(Path(os.environ["JAVA_HOME"]) / "bin/java")] if "JAVA_HOME" in os.environ else ["java"]
    return java + [
        "-Xmx512m",
        "-Dai.djl.offline=true",
        "-cp",
        class_path(),
        "io.sparklora.training.model.StepBenchmark",
        str(arguments.base),
        str(arguments.cache),
        arguments.dtype,
        str(arguments.rows),
        str(arguments.length),
        str(arguments.threads),
    ]


def peer(arguments, variant: str) -> list[str]:
    script = str(ROOT / "interop/peft_step.py")
    sizes = json.dumps(SMOLLM2)
    return [
        arguments.python,
        script,
        variant,
        str(arguments.rows),
        str(arguments.length),
        str(arguments.threads),
        sizes,
    ]


def race(commands: dict[str, list[str]], threads: int, rounds: int) -> list[Contender]:
    """A step of each in turn; no process is left, whatever happens."""
    contenders: list[Contender] = []
    try:
        for name, command in commands.items():
            contenders.append(Contender(name, command, threads))
        for _ in range(rounds):
            for contender in contenders:
                contender.step()
        for contender in contenders:
            contender.finish()
        return contenders
    finally:
        for contender in contenders:
            contender.process.kill()


def report(contenders: list[Contender], tokens: int) -> None:
    median = {contender.name: statistics.median(contender.seconds) for contender in contenders}
    mine = contenders[0]
    print(f"{'':24} {'tokens/s':>9} {'median ms':>10} {'CPU ms':>8} {'peak MB':>8}   ours / this: speed, memory")
    for contender in contenders:
        seconds = median[contender.name]
        cpu = statistics.median(contender.cpu_seconds)
        ratios = ""
        if contender is not mine:
            memory = mine.peak_megabytes / contender.peak_megabytes
            ratios = f"   {seconds / median[mine.name]:.2f}, {memory:.2f}"
        print(
            f"{contender.name:24} {tokens / seconds:9.1f} {seconds * 1e3:10.0f} {cpu * 1e3:8.0f}"
            f" {contender.peak_megabytes:8.0f}{ratios}"
        )
    rivals = contenders[1:]
    if rivals:
        fastest = min(rivals, key=lambda rival: median[rival.name])
        print(
            f"against the fastest variant ({fastest.name}): {median[fastest.name] / median[mine.name]:.2f} of its tokens/s"
            f" at {mine.peak_megabytes / fastest.peak_megabytes:.2f} of its peak memory"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--base", default="random", help="GGUF file or directory of the SmolLM2-135M shape; random weights without"
    )
    parser.add_argument("--cache", type=Path, default=ROOT / "target/base-weights", help="directory of weight caches")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--python", help="interpreter with interop/requirements.txt; without it ours runs alone")
    parser.add_argument("--peers", default="bf16,autocast", help="comma-separated variants of peft_step.py")
    arguments = parser.parse_args()
    commands = {f"ours {arguments.dtype}": ours(arguments)}
    if arguments.python:
        commands.update({f"PEFT {variant}": peer(arguments, variant) for variant in arguments.peers.split(",")})
    contenders = race(commands, arguments.threads, arguments.rounds)
    report(contenders, arguments.rows * arguments.length)


if __name__ == "__main__":
    sys.exit(main())
