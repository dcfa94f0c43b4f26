"""Our ring's sum of 8 MB between two ranks beside torch.distributed's gloo, alternately in one run on one machine.

    python3 interop/benchmark_ring.py --python /tmp/interop/bin/python

Needs a built checkout (`mvn -Dquick -pl training-job -am test-compile`) and, for the peer, an environment with torch. Every
rank is a process; all talk over the loopback interface.

What is compared: the sum of as many numbers as 8 MB hold as 64-bit integers (1,048,576), which is what our ring moves after
gradients were converted. gloo sums as many fp32 values, 4 MB; for the same bytes it is also measured with int64. Asked of us:
at most 2 times gloo's fp32 in clear text, 3 times with TLS.

"bytes only" moves what our ring moves, 8 MB in and out of each rank, through plain sockets and does nothing else with it: the
bound for any sum of 64-bit integers here.

What is unfair, and to whom: ours moves twice the bytes of gloo's fp32, sums and checks for overflow exactly, and has a
checksum on every frame (against us); converting gradients to integers and back is in neither figure (for us). gloo has no TLS:
ours with TLS is compared with gloo in clear text (against us). gloo sums in the caller's thread and others, ours in one thread
that it hands the array to; the machine's cores are shared by both ranks (against whom has more threads). Each sum starts
after both ranks have met, which costs the same two messages on either side and is not in the figures. Compare the medians of
rounds that alternate: a machine that others use slows all alike.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys

from jvm_contender import ROOT, class_path, java

VALUES = (8 << 20) // 8


class Pair:
    """Two processes, the ranks of one ring, that each make some sums for each line they are sent."""

    def __init__(self, name: str, commands: list[list[str]], environment: dict[str, str]):
        self.name = name
        self.seconds: list[float] = []
        self.processes = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
            )
            for command in commands
        ]

    def expect(self, word: str) -> list[str]:
        """The rest of each process's next line that begins with the word."""
        answers = []
        for process in self.processes:
            for line in process.stdout:
                if line.startswith(word):
                    answers.append(line.rstrip("\n")[len(word) :])
                    break
            else:
                raise SystemExit(f"{self.name}: a rank ended with {process.wait()}")
        return answers

    def send(self, lines: list[str]) -> None:
        for process, line in zip(self.processes, lines, strict=True):
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def round(self) -> None:
        self.send(["", ""])
        self.seconds.append(max(float(answer) for answer in self.expect("")))

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def ours(arguments, protection: str) -> Pair:
    options = ["-Xmx512m", "-cp", class_path("training-job", "pipeline")]
    commands = [
        [
            *(java(), *options, "io.sparklora.training.collective.RingBenchmark", str(rank)),
            *(str(VALUES), str(arguments.sums), str(arguments.segment), protection),
        ]
        for rank in range(2)
    ]
    pair = Pair(f"ours, {protection}", commands, {})
    cards = [answer.strip("\n").removeprefix(" ") for answer in pair.expect("ready")]
    pair.send(cards[::-1])
    pair.expect("joined")
    return pair


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def bytes_only(arguments) -> Pair:
    script, port = str(ROOT / "interop/loopback_rank.py"), free_port()
    commands = [[sys.executable, script, str(rank), port, str(8 * VALUES), str(arguments.sums)] for rank in range(2)]
    pair = Pair("bytes only", commands, {})
    pair.expect("joined")
    return pair


def gloo(arguments, dtype: str) -> Pair:
    port = free_port()
    script = str(ROOT / "interop/gloo_rank.py")
    commands = [
        [arguments.python, script, str(rank), port, str(VALUES), str(arguments.sums), dtype] for rank in range(2)
    ]
    pair = Pair(f"gloo, {dtype}", commands, {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"})
    pair.expect("joined")
    return pair


def report(pairs: list[Pair]) -> None:
    median = {pair.name: statistics.median(pair.seconds) for pair in pairs}
    best = {pair.name: min(pair.seconds) for pair in pairs}
    print(f"{VALUES} values between 2 ranks, milliseconds a sum")
    print(f"{'':14} {'median':>8} {'least':>8}")
    for name in median:
        print(f"{name:14} {median[name] * 1e3:8.2f} {best[name] * 1e3:8.2f}")
    bare = "bytes only"
    print(
        f"ours, clear / {bare}: median {median['ours, clear'] / median[bare]:.2f}, the least that 8 MB a rank can take"
    )
    for protection, bound in (("clear", 2), ("tls", 3)):
        for dtype in ("float32", "int64"):
            rival, mine = f"gloo, {dtype}", f"ours, {protection}"
            if rival in median:
                asked = f" (asked: at most {bound})" if dtype == "float32" else ""
                print(
                    f"{mine} / {rival}: median {median[mine] / median[rival]:.2f}, least {best[mine] / best[rival]:.2f}"
                    + asked
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sums", type=int, default=10, help="sums a round")
    parser.add_argument("--segment", type=int, default=256 << 10, help="payload bytes of a frame")
    parser.add_argument("--python", help="interpreter with torch; without it ours runs alone")
    arguments = parser.parse_args()
    pairs: list[Pair] = []
    try:
        for protection in ("clear", "tls"):
            pairs.append(ours(arguments, protection))
        pairs.append(bytes_only(arguments))
        if arguments.python:
            for dtype in ("float32", "int64"):
                pairs.append(gloo(arguments, dtype))
        for _ in range(arguments.rounds):
            for pair in pairs:
                pair.round()
        report(pairs)
    finally:
        for pair in pairs:
            pair.close()


if __name__ == "__main__":
    sys.exit(main())
