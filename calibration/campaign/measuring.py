"""One measuring process: prepares the primitives, runs the rounds, writes every batch as a JSON line.

Started as a module by ``calibration.campaign.processes``, with its orders as JSON on standard input. A fresh process
each time, because address-space layout alone moves kernel costs by tens of per cent. All compilation happens here,
so that code the assembler refuses ends this process and not the tool.

Lines written: {"skipped": {name: why}} where the host refuses a primitive, {"plan": {...}} once, {"compiled": n} while
compiling, {"batch": {...}} for each batch, then {"sizes": {...}} and {"done": {...}};
or {"error": text, "kind": "input" | "answer"}.
"""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cerberus_plan.model.errors import CerberusError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cerberus_plan.calibration.harness.case import Batch, Case
    from cerberus_plan.calibration.primitives.base import Primitive, Space

#: Address space only; pages are taken when touched.
_SHARED_BYTES = 256 * 2**20
_ALL_PAIRS_CPUS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What one measuring process is to do.

    Attributes:
        only: Names of primitives; empty for all.
        rounds: Rounds of batches.
        process: Number of this process in the campaign.
        seed: Seed of the random order; the process number is added.
        quick: Leave out what only refines.
        fifo: Ask for real-time scheduling.
        compare_c: Also run the twins written in C.
        budget_s: Begin no further round after so many seconds; None for no limit.
        sizes: Operations of a batch by case, as found by the first process.
    """

    only: tuple[str, ...] = ()
    rounds: int = 10
    process: int = 0
    seed: int = 1
    quick: bool = False
    fifo: bool = False
    compare_c: bool = False
    budget_s: float | None = None
    sizes: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """The orders as one JSON document."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Orders:
        """The orders written by ``to_json``."""
        record = json.loads(text)
        return cls(**{**record, "only": tuple(record["only"])})


def say(record: dict[str, Any]) -> None:
    """Write one line to the calling process."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def worker_counts(physical: int) -> tuple[int, ...]:
    """Numbers of workers for scaling curves: powers of two up to the physical cores, and all of them."""
    counts = {1 << i for i in range(physical.bit_length()) if 1 << i <= physical}
    return tuple(sorted(counts | {physical}))


def choose_pairs(cpus: Sequence[int], *, most: int, seed: int) -> tuple[tuple[int, int], ...]:
    """All pairs of cores, or a sample of ``most`` that still joins every core to the first and to its neighbour.

    The sample depends on the cores and the seed only, so that all processes of a campaign agree.
    """
    every = [(a, b) for i, a in enumerate(cpus) for b in cpus[i + 1 :]]
    if len(every) <= most and len(cpus) <= _ALL_PAIRS_CPUS:
        return tuple(every)
    kept = {(cpus[0], b) for b in cpus[1:]} | set(pairwise(cpus))
    rest = [pair for pair in every if pair not in kept]
    extra = random.Random(seed).sample(rest, max(0, min(len(rest), most - len(kept))))  # noqa: S311
    return tuple(sorted(kept | set(extra)))


def make_space(orders: Orders, scratch: Path) -> Space:
    """Memory, cores and worker counts for this host."""
    from cerberus_plan.calibration.harness.memory import SharedMemory
    from cerberus_plan.calibration.host.identity import allowed_cpus
    from cerberus_plan.calibration.host.topology import spread_order, system_topology
    from cerberus_plan.calibration.primitives.base import Space

    topology = system_topology(allowed_cpus())
    cpus = spread_order(topology)
    return Space(
        memory=SharedMemory(_SHARED_BYTES),
        scratch=scratch,
        cpus=cpus,
        counts=worker_counts(len(set(topology.cores))),
        pairs=choose_pairs(cpus, most=256 if orders.quick else 2016, seed=orders.seed),
        quick=orders.quick,
        topology=topology,
    )


def _resident_bytes() -> int:
    """Resident memory of this process: forking copies its page tables."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _prepare(primitives: Sequence[Primitive], space: Space) -> list[Case]:
    """Cases of all primitives; one that the host refuses (no loopback device, say) is skipped with the reason."""
    cases: list[Case] = []
    for primitive in primitives:
        try:
            cases += primitive.prepare(space)
        except OSError as error:
            say({"skipped": {primitive.name: str(error)}})
    return cases


def _measure(orders: Orders, cases: list[Case], space: Space, begun: float) -> None:
    from cerberus_plan.calibration.harness.case import Seat
    from cerberus_plan.calibration.harness.executor import Executor
    from cerberus_plan.calibration.harness.frame import compile_loop
    from cerberus_plan.calibration.harness.runner import Runner

    loops = list(dict.fromkeys(case.loop for case in cases))
    expected = Runner.expected(cases, rounds=orders.rounds)
    say({"plan": {"cases": len(cases), "batches": expected, "loops": len(loops)}})
    for i, loop in enumerate(loops):
        if hasattr(loop, "compile"):
            compile_loop(loop)
        say({"compiled": i + 1})
    gc.disable()
    executor = Executor(cases=cases, memory=space.memory, process=orders.process, fifo=orders.fifo)
    try:
        clock = executor.measure_clock(Seat(cpu=space.cpus[0]))

        def keep(batch: Batch) -> None:
            say({"batch": batch.to_record()})

        def may_go_on() -> bool:
            return orders.budget_s is None or time.monotonic() - begun < orders.budget_s

        runner = Runner(
            execute=executor.run,
            keep=keep,
            seed=orders.seed + orders.process,
            may_go_on=may_go_on,
            sizes=orders.sizes,
        )
        runner.run(cases, rounds=orders.rounds)
        say({"sizes": runner.sizes})
        say({"done": {"clock_s": clock, "tick_rate": executor.tick_rate, "resident_bytes": _resident_bytes()}})
    finally:
        executor.close()


def run(orders: Orders) -> None:
    """Carry out the orders."""
    begun = time.monotonic()
    from cerberus_plan.calibration.harness.workers import request_real_time
    from cerberus_plan.calibration.primitives.registry import load_primitives

    if orders.fifo:
        request_real_time()
    # Signals between workers are waited for, never handled; threads and forks inherit the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    scratch = Path(tempfile.mkdtemp(prefix="cerberus-plan-"))
    try:
        space = make_space(orders, scratch)
        cases = _prepare(load_primitives(orders.only), space)
        if orders.compare_c:
            from cerberus_plan.calibration.harness.twins import with_twins

            cases = with_twins(cases, scratch)
        _measure(orders, cases, space, begun)
        space.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(143)


def main() -> int:
    """Entry of the measuring process."""
    from cerberus_plan.calibration.harness.workers import die_with_parent

    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling process decides and sends SIGTERM
    signal.signal(signal.SIGTERM, _end)
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the kernel knew whom to watch
        return 143
    orders = Orders.from_json(sys.stdin.readline())
    try:
        run(orders)
    except CerberusError as error:
        say({"error": str(error), "kind": "input" if isinstance(error, InputError) else "answer"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
