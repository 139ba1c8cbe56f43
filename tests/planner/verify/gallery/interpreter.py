"""Threads of one interpreter, which run one at a time: interpreter.py THREADS SECONDS prints "ops/s: X"."""

import sys
import threading
import time

threads, seconds = int(sys.argv[1]), float(sys.argv[2])
started = time.perf_counter()
counts = [0] * threads


def work(own: int) -> None:
    """Count until the time is up, once at least."""
    while True:
        for _ in range(1000):
            pass
        counts[own] += 1
        if time.perf_counter() >= started + seconds:
            return


workers = [threading.Thread(target=work, args=(own,)) for own in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
sys.stdout.write(f"ops/s: {sum(counts) / (time.perf_counter() - started)}\n")
