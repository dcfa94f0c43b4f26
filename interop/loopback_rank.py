"""One of two ranks that only move the bytes of a sum, for benchmark_ring.py: what the machine's sockets allow.

Arguments: rank, port, bytes, rounds a line. In each of two phases, as in any ring of two, half of the bytes go out while as
many come in; nothing is added, checked or encrypted.
"""

import socket
import sys
import threading
import time

WARM_UP = 20


def connect(rank: int, port: int) -> socket.socket:
    if rank == 0:
        with socket.create_server(("127.0.0.1", port)) as door:
            link = door.accept()[0]
    else:
        while True:
            try:
                link = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def exchange(link: socket.socket, outgoing: memoryview, incoming: memoryview) -> None:
    sender = threading.Thread(target=link.sendall, args=(outgoing,))
    sender.start()
    received = 0
    while received < len(incoming):
        received += link.recv_into(incoming[received : received + (256 << 10)])
    sender.join()


def measure(link: socket.socket, halves: tuple[memoryview, memoryview], rounds: int) -> float:
    token = memoryview(bytearray(1))
    seconds = 0.0
    for _ in range(rounds):
        exchange(link, token, memoryview(bytearray(1)))
        start = time.perf_counter()
        exchange(link, *halves)
        exchange(link, *halves)
        seconds += time.perf_counter() - start
    return seconds / rounds


def main() -> None:
    rank, port, size, rounds = (int(argument) for argument in sys.argv[1:])
    halves = memoryview(bytearray(size // 2)), memoryview(bytearray(size // 2))
    with connect(rank, port) as link:
        measure(link, halves, WARM_UP)
        print("joined", flush=True)
        for _ in sys.stdin:
            print(measure(link, halves, rounds), flush=True)


if __name__ == "__main__":
    main()
