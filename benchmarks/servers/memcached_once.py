"""One memcached under load for a moment: `python memcached_once.py THREADS [SECONDS [GETS]]` prints `ops/s: NUMBER`.

Starts the server on a free port of the loopback interface with that many threads, loads it with pipelined gets over one
connection a thread and two, and stops it. GETS is gets.c of this folder compiled: without it the load comes from one
Python interpreter, which a server of more than two threads soon outruns.
Made for `cerberus-plan verify`, which runs one copy an instance.
The load comes from the same CPUs, so numbers compare splits, not servers.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

PIPELINE = 64
KEYS = 100


def main() -> None:
    """Run the server and its load."""
    threads = int(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        "memcached",
        "-l",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "0",
        "-t",
        str(threads),
        "-m",
        "64",
        "-u",
        "nobody",
    ]
    server = subprocess.Popen(command)
    try:
        connections = [_connected(port, server) for _ in range(2 * threads)]
        if len(sys.argv) > 3:
            subprocess.run([sys.argv[3], str(port), str(2 * threads), str(seconds)], check=True)
        else:
            print(f"ops/s: {_load(connections, seconds):.1f}")
    finally:
        server.terminate()
        server.wait()


def _connected(port: int, server: subprocess.Popen[bytes]) -> socket.socket:
    for _ in range(200):
        if server.poll() is not None:
            sys.exit(f"memcached ended with code {server.returncode}")
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("memcached does not answer")


def _load(connections: list[socket.socket], seconds: float) -> float:
    value = b"x" * 100
    for key in range(KEYS):
        connections[0].sendall(b"set key%d 0 0 100\r\n%s\r\n" % (key, value))
        if not connections[0].recv(64).startswith(b"STORED"):
            sys.exit("memcached did not store a value")
    counts = [0] * len(connections)
    until = time.monotonic() + seconds
    workers = [
        threading.Thread(target=_client, args=(connection, until, counts, i))
        for i, connection in enumerate(connections)
    ]
    started = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.monotonic() - started)


def _client(connection: socket.socket, until: float, counts: list[int], i: int) -> None:
    batch = b"".join(b"get key%d\r\n" % (n % KEYS) for n in range(PIPELINE))
    while time.monotonic() < until:
        connection.sendall(batch)
        left = PIPELINE
        while left:
            left -= connection.recv(65536).count(b"END\r\n")
        counts[i] += PIPELINE


if __name__ == "__main__":
    main()
