"""Latencies of machines that do not exist, with the truth about them: for tests of what is made of latencies.

Round trips are those of real silicon: siblings 16 ns, one cache 50 or 90 ns, complexes of a package 210 ns, sockets
400 ns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix

SIBLINGS, COMPLEX, MESH, PACKAGE, SOCKETS = 16e-9, 50e-9, 90e-9, 210e-9, 400e-9


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Round trips, and core, cache and socket of each CPU; CPUs are numbered as Linux numbers them."""

    latency: LatencyMatrix
    cores: tuple[int, ...]
    l3_groups: tuple[int, ...]
    sockets: tuple[int, ...]


def machine(
    *, sockets=1, caches=1, cores=4, threads=2, beside=False, noise=0.04, seed=0, remote_home=False, within=None
):
    """A regular machine.

    Args:
        sockets: Number of sockets.
        caches: Last-level caches of each.
        cores: Cores at each cache.
        threads: Hardware threads of each core.
        beside: Siblings are 2i and 2i + 1; else i and i + half.
        noise: Standard deviation of the logarithm of a pair.
        seed: Of the noise.
        remote_home: Lines are homed at socket 0, so that others are as far within as across.
        within: Round trip of cores at one cache [s]; by default a mesh where a socket is one cache, else a complex.
    """
    rng = np.random.default_rng(seed)
    count = sockets * caches * cores
    core = np.repeat(np.arange(count), threads) if beside else np.tile(np.arange(count), threads)
    cache, socket = core // cores, core // (cores * caches)
    within = within or (MESH if caches == 1 else COMPLEX)
    same_core, same_cache, same_socket = (x[:, None] == x[None, :] for x in (core, cache, socket))
    if remote_home:
        same_socket = same_socket & (socket[:, None] == 0)
    seconds = np.select([same_core, same_cache, same_socket], [SIBLINGS, within, PACKAGE], SOCKETS)
    spread = noise * rng.normal(size=seconds.shape)
    seconds = seconds * np.exp((spread + spread.T) / np.sqrt(2.0))
    return Machine(
        latency=LatencyMatrix(range(len(core)), seconds),
        cores=canonical(core),
        l3_groups=canonical(cache),
        sockets=canonical(socket),
    )


def canonical(groups):
    """Groups numbered in order of first appearance."""
    numbers = {}
    return tuple(numbers.setdefault(int(group), len(numbers)) for group in groups)


def only(found, kept):
    """The machine with the CPUs at these places only."""
    kept = list(kept)
    return Machine(
        latency=LatencyMatrix([found.latency.cpus[i] for i in kept], found.latency.seconds[np.ix_(kept, kept)]),
        cores=canonical([found.cores[i] for i in kept]),
        l3_groups=canonical([found.l3_groups[i] for i in kept]),
        sockets=canonical([found.sockets[i] for i in kept]),
    )


# Shapes that silicon has: one cache a socket, or several complexes.
machines = st.one_of(
    st.builds(
        machine,
        sockets=st.sampled_from([1, 2, 4]),
        cores=st.integers(6, 12),
        threads=st.integers(1, 2),
        beside=st.booleans(),
        seed=st.integers(0, 10**6),
    ),
    st.builds(
        machine,
        sockets=st.integers(1, 2),
        caches=st.integers(3, 6),
        cores=st.integers(3, 8),
        threads=st.integers(1, 2),
        beside=st.booleans(),
        seed=st.integers(0, 10**6),
    ),
)
