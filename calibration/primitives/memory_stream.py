"""Memory bandwidth: threads that stream through arrays of their own, far larger than the last-level cache.

    read: s += a[i]        copy: a[i] = b[i]        triad: a[i] = b[i] + 3 c[i]

Cores 1, 2, 4, ..., those of one last-level cache, of one NUMA node, and all. Bytes are counted as STREAM does, each
byte of the program read or written once: that is also what last-level misses count, because a line that is written is
fetched first. Arrays are touched first by the thread that streams through them, so they are on its node.

    memory_bandwidth        the most of any number of cores: what is there, or what these cores can ask for
    memory_bandwidth_core, _l3, _node     one core; the cores of one last-level cache; of one NUMA node
    smt_gain_memory         what the second thread of a core adds to the first's reading

Each is the median of the three kernels, and its interval holds all of them: programs differ in how much they write.
Assumptions: four times the cache leaves at most a quarter of the lines in it; the first j threads at a cache have
4 / j of it each, so that whoever runs beside them the lines are gone when they are asked for again.
When not to use it: for remote memory, which no plan places a thread at.
Source: McCalpin, Memory bandwidth and machine balance, IEEE TCCA Newsletter (1995): the kernels and the rule of four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import carray

from cerberus_plan.calibration.harness.arrays import HUGE_PAGE_BYTES, doubles_at, own_memory, words_at
from cerberus_plan.calibration.harness.atomics import load, opaque, store, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.primitives.base import Primitive, Results, describe
from cerberus_plan.calibration.primitives.siblings import gain
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cerberus_plan.calibration.harness.statistics import Estimate
    from cerberus_plan.calibration.primitives.base import Space
    from cerberus_plan.model.topology import Topology

KERNELS = ("read", "copy", "triad")
#: An operation is one cache line of what the program names.
LINE_BYTES = 64
#: Doubles between two looks at the clock: 64 KiB, some microseconds.
_BLOCK = 8192
_BLOCK_BYTES = 8 * _BLOCK
#: Arrays of a role: a third of its memory each, whole blocks of whole large pages.
_GRAIN = 3 * HUGE_PAGE_BYTES
#: The rule of four, and where no cache is told.
_TIMES_CACHE = 4
_UNKNOWN_CACHE = 32 * 2**20
#: All roles together take no more than this of the memory that is available.
_MOST_MEMORY = 0.25
#: Words of a role in the area: address, address of the twin's, bytes, next block.
ROLE_BYTES = 128


@inlined
def _sum_block(base: int) -> int:
    words = carray(words_at(base), (_BLOCK,))
    total = 0
    for i in range(_BLOCK):
        total += words[i]
    return total


@inlined
def _copy_block(to: int, source: int) -> int:
    target, words = carray(doubles_at(to), (_BLOCK,)), carray(doubles_at(source), (_BLOCK,))
    for i in range(_BLOCK):
        target[i] = words[i]
    return to


@inlined
def _triad_block(to: int, first: int, second: int) -> int:
    a, b, c = (
        carray(doubles_at(to), (_BLOCK,)),
        carray(doubles_at(first), (_BLOCK,)),
        carray(doubles_at(second), (_BLOCK,)),
    )
    for i in range(_BLOCK):
        a[i] = b[i] + 3.0 * c[i]
    return to


@kernel
def stream_read_loop(frame: int, role: int, count: int, area: int) -> int:
    """Sum all words, block after block, going on where the last batch ended."""
    place = area + 128 * role
    size = load(place + 16)
    base = own_memory(place, size)
    blocks, block = size // 65536, load(place + 24)
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            block = (block + 1) % blocks
            opaque(_sum_block(base + 65536 * block))
        done += count
    store(place + 24, block)
    return finish(frame, role, 1024 * done)


@kernel
def stream_copy_loop(frame: int, role: int, count: int, area: int) -> int:
    """Copy the second third to the first."""
    place = area + 128 * role
    size = load(place + 16)
    base, third = own_memory(place, size), size // 3
    blocks, block = third // 65536, load(place + 24) % (third // 65536)
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            block = (block + 1) % blocks
            to = base + 65536 * block
            _copy_block(to, to + third)
        done += count
    store(place + 24, block)
    return finish(frame, role, 2048 * done)


@kernel
def stream_triad_loop(frame: int, role: int, count: int, area: int) -> int:
    """The first third becomes the second plus three times the last."""
    place = area + 128 * role
    size = load(place + 16)
    base, third = own_memory(place, size), size // 3
    blocks, block = third // 65536, load(place + 24) % (third // 65536)
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            block = (block + 1) % blocks
            to = base + 65536 * block
            _triad_block(to, to + third, to + 2 * third)
        done += count
    store(place + 24, block)
    return finish(frame, role, 3072 * done)


_SIBLINGS = "memory_stream.read_siblings"
_LOOPS = {"read": stream_read_loop, "copy": stream_copy_loop, "triad": stream_triad_loop}


def group_sizes(topology: Topology | None, cpus: Sequence[int]) -> tuple[int, int]:
    """Cores of the first last-level cache and of the first NUMA node, counted along ``cpus``; all where not known."""
    if topology is None:
        return len(cpus), len(cpus)
    at = {cpu: i for i, cpu in enumerate(topology.cpus)}
    caches = [topology.l3_groups[at[cpu]] for cpu in cpus]
    nodes = [topology.numa_nodes[at[cpu]] for cpu in cpus]
    return caches.count(caches[0]), nodes.count(nodes[0])


def role_bytes(positions: Sequence[int], cache_bytes: int, most_bytes: float) -> list[int]:
    """Memory of each role [B], whole grains; less for all where there is not enough.

    Args:
        positions: For each role, how many roles before it are at the same cache.
        cache_bytes: Size of a last-level cache.
        most_bytes: Of all roles together.
    """
    wanted = [_TIMES_CACHE * cache_bytes / (position + 1) for position in positions]
    fits = min(1.0, most_bytes / sum(wanted))
    return [max(1, int(size * fits) // _GRAIN) * _GRAIN for size in wanted]


def _positions(topology: Topology | None, cpus: Sequence[int]) -> list[int]:
    if topology is None:
        return list(range(len(cpus)))
    home = dict(zip(topology.cpus, topology.l3_groups, strict=True))
    groups = [home[cpu] for cpu in cpus]
    return [groups[:i].count(group) for i, group in enumerate(groups)]


def counts_of(space: Space) -> tuple[int, ...]:
    """Numbers of threads: powers of two, those of a cache, of a node, and all cores."""
    physical = max(space.counts)
    return tuple(
        sorted({*space.counts, *(min(n, physical) for n in group_sizes(space.topology, space.cpus[:physical]))})
    )


def _prepare(space: Space) -> list[Case]:
    from cerberus_plan.calibration.host.spare_memory import spare_bytes
    from cerberus_plan.calibration.host.topology import last_level_bytes

    cpus = space.cpus[: max(space.counts)]
    cache = last_level_bytes(cpus[0]) or _UNKNOWN_CACHE
    sizes = role_bytes(_positions(space.topology, cpus), cache, _MOST_MEMORY * spare_bytes())
    if sizes[0] < cache:
        raise OSError(f"too little memory is free for arrays larger than the last-level cache of {cache // 2**20} MiB")
    area = space.area(ROLE_BYTES * len(cpus))
    for role, size in enumerate(sizes):
        space.memory.write(area + ROLE_BYTES * role + 16, [size])
    return [
        Case(name=f"memory_stream.{kind}.{n}", loop=loop, seats=space.seats(n), area=area, deadline=True, count=1)
        for kind, loop in _LOOPS.items()
        for n in counts_of(space)
    ] + _on_siblings(space, area, roles=len(cpus))


def _on_siblings(space: Space, area: int, *, roles: int) -> list[Case]:
    """One thread of a core that has siblings, and two of them."""
    pair = space.siblings() if roles > 1 else ()
    return [
        Case(name=f"{_SIBLINGS}.{n}", loop=stream_read_loop, seats=pair[:n], area=area, deadline=True, count=1)
        for n in ((1, 2) if pair else ())
    ]


def _bandwidth(parts: Sequence[Estimate], note: str) -> Quantity:
    """Median of the kernels [B/s]; the interval holds them all."""
    middle = sorted(parts, key=lambda part: part.value)[len(parts) // 2]
    return Quantity(
        value=LINE_BYTES / middle.value,
        unit="B/s",
        low=min(LINE_BYTES / part.high for part in parts),
        high=max(LINE_BYTES / part.low for part in parts),
        provenance=Provenance.MEASURED,
        source=describe(middle, note),
    )


def bandwidths(results: Results) -> dict[int, Quantity]:
    """Bytes a second of n threads, by n."""
    found = {}
    for n in sorted({n for kind in KERNELS for n in results.counts(f"memory_stream.{kind}")}):
        parts = [results.estimate(f"memory_stream.{kind}.{n}") for kind in KERNELS]
        known = [part for part in parts if part is not None]
        if known:
            threads = f"{n} threads" if n > 1 else "one thread"
            found[n] = _bandwidth(known, f"{', '.join(KERNELS)} of {threads}, arrays of {_TIMES_CACHE} caches")
    return found


def _derive(results: Results) -> dict[str, Quantity]:
    found = bandwidths(results)
    if not found:
        return {}
    costs = {"memory_bandwidth": max(found.values(), key=lambda quantity: quantity.value)}
    if 1 in found:
        costs["memory_bandwidth_core"] = found[1]
    second = gain(results, _SIBLINGS)
    if second is not None:
        value, low, high = second
        costs["smt_gain_memory"] = Quantity(
            value=value, unit="1", low=low, high=high, provenance=Provenance.MEASURED, source="read by both siblings"
        )
    return costs


def parts_of_the_machine(results: Results, topology: Topology) -> dict[str, Quantity]:
    """What the cores of one last-level cache and of one NUMA node reach, where there are several [B/s].

    Args:
        results: Raw batches.
        topology: The one that seats were taken from.
    """
    from cerberus_plan.calibration.host.topology import spread_order

    cpus = spread_order(topology)[: topology.physical_cores]
    of_cache, of_node = group_sizes(topology, cpus)
    found = bandwidths(results)
    parts = {}
    for name, size, groups in (
        ("memory_bandwidth_l3", of_cache, topology.l3_groups),
        ("memory_bandwidth_node", of_node, topology.numa_nodes),
    ):
        inside = [quantity for n, quantity in found.items() if n <= size]
        if len(set(groups)) > 1 and inside:
            parts[name] = max(inside, key=lambda quantity: quantity.value)
    return parts


PRIMITIVE = Primitive(
    name="memory_stream",
    description="read, copy and triad of arrays larger than all caches, by 1, 2, 4, ... cores",
    stresses="memory channels, links between caches and memory",
    feeds="memory bandwidth of the machine, of a node, of a cache's cores and of one core",
    prepare=_prepare,
    derive=_derive,
)
