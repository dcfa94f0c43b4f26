"""One of two ranks of torch.distributed with gloo, for benchmark_ring.py: some sums for each line it is sent.

Arguments: rank, port of the rendezvous, values, sums a line, a torch dtype.
"""

import sys
import time

import torch
import torch.distributed as dist

WARM_UP = 20


def measure(values: torch.Tensor, sums: int) -> float:
    seconds = 0.0
    for _ in range(sums):
        terms = values.clone()
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(terms)
        seconds += time.perf_counter() - start
    return seconds / sums


def main() -> None:
    rank, port, count, sums = (int(argument) for argument in sys.argv[1:5])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    values = torch.arange(count).to(getattr(torch, sys.argv[5])) * (rank + 1)
    measure(values, WARM_UP)
    print("joined", flush=True)
    for _ in sys.stdin:
        print(measure(values, sums), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
