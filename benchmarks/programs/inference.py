"""Inference of a small network on the CPU: `python inference.py THREADS [SECONDS]` prints `ops/s: NUMBER` (batches).

PyTorch with one pool of THREADS threads, a network of three dense layers, batches of 16: small enough that the threads
of one pool wait for each other at every layer, which is what splitting into instances avoids.
"""

from __future__ import annotations

import sys
import time

import torch

WIDTH, BATCH = 1024, 16


def main() -> None:
    """Warm up, then count batches until the time is up."""
    threads = int(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    torch.set_num_threads(threads)
    layers = [torch.nn.Linear(WIDTH, WIDTH) for _ in range(3)]
    network = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.ReLU())))
    batch = torch.randn(BATCH, WIDTH)
    with torch.inference_mode():
        for _ in range(5):
            network(batch)
        done, started = 0, time.perf_counter()
        while time.perf_counter() < started + seconds:
            network(batch)
            done += 1
        print(f"ops/s: {done / (time.perf_counter() - started)}")


if __name__ == "__main__":
    main()
