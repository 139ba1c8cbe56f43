"""Microbenchmark harness: compiled loops on pinned workers, a runner, and statistics.

The harness knows no primitive. It runs *cases* (a compiled loop, where its roles run, a memory area) in
random order, keeps every raw batch, and says how far the numbers can be trusted. x86-64 Linux only.
"""
