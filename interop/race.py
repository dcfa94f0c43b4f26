"""What benchmarks that alternate share: contenders, each a process of its own that works when it is told to, and our own
one's command."""

import os
import subprocess

from jvm_contender import class_path, java

# glibc gives large arrays back to the kernel and fetches them anew; with these settings it keeps them.
KEEPING = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


class Contender:
    """A process that works once for each line it is sent, and answers it with a line."""

    def __init__(self, name: str, command: list[str], threads: int, environment: dict[str, str] | None = None):
        variables = dict(os.environ, OMP_NUM_THREADS=str(threads), HF_HUB_OFFLINE="1", **(environment or {}))
        self.name = name
        self.peak_megabytes = 0.0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )
        self.about = " ".join(self._expect("ready")[1:])

    def _expect(self, word: str) -> list[str]:
        for line in self.process.stdout:
            words = line.split()
            if words and words[0] == word:
                return words
        raise SystemExit(f"{self.name} ended with {self.process.wait()} before it said {word}")

    def work(self) -> list[float]:
        """The numbers that it answers."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with {self.process.wait()} amid its work")
        return [float(word) for word in line.split()]

    def finish(self) -> None:
        self.process.stdin.close()
        self.peak_megabytes = int(self._expect("peak-kilobytes")[1]) / 1024
        self.process.wait()


def ours(main_class: str, *arguments) -> list[str]:
    """The command of a class among training-job's, its tests' included."""
    options = ["-Xmx512m", "-Dai.djl.offline=true", "-cp", class_path("training-job", "pipeline")]
    return [java(), *options, f"io.sparklora.training.{main_class}", *map(str, arguments)]
