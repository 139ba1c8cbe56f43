"""Runs one batch of a case on the workers and reads back what happened.

    count loops:     seconds = (end - begin of role 0 - cost of the clock) / operations of role 0
    deadline loops:  seconds = 1 / sum over roles of operations / (end - begin - cost of the clock)

Around each batch whose first two roles sit on different cores, the placement probe runs on the same workers.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.clock import ticks_per_second
from cerberus_plan.calibration.harness.frame import (
    DURATION_OFFSET,
    RESULT_STRIDE,
    RESULT_WORDS,
    RESULTS_OFFSET,
    ROLES_OFFSET,
    compile_loop,
    finish,
    frame_size,
    kernel,
    start,
)
from cerberus_plan.calibration.harness.probe import PROBE_ROUNDS, line_ping_pong
from cerberus_plan.calibration.harness.workers import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cerberus_plan.calibration.harness.case import Case, Seat
    from cerberus_plan.calibration.harness.memory import SharedMemory


@kernel
def nothing(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """The empty batch: what noting the clock itself costs."""
    start(frame, role)
    return finish(frame, role, count)


class StealMeter:
    """Ticks of 10 ms in which the hypervisor ran somebody else, from /proc/stat."""

    def __init__(self, path: str = "/proc/stat") -> None:
        self._file = os.open(path, os.O_RDONLY) if Path(path).exists() else -1

    def read(self) -> int:
        """Steal ticks since boot, all cores; 0 where the system does not say."""
        if self._file < 0:
            return 0
        fields = os.pread(self._file, 256, 0).split(b"\n", 1)[0].split()
        return int(fields[8]) if len(fields) > 8 else 0

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Executor:
    """Workers for the seats that the cases name, and the frame they meet in.

    Processes are forked on creation: open what they must inherit before.
    """

    def __init__(
        self,
        *,
        cases: Iterable[Case],
        memory: SharedMemory,
        process: int = 0,
        fifo: bool = False,
    ) -> None:
        cases = list(cases)
        self._memory = memory
        self._process = process
        self._loops: list[Callable[[int, int, int, int], int]] = [nothing, line_ping_pong]
        self._loops += list(dict.fromkeys(case.loop for case in cases))
        for loop in self._loops:
            if hasattr(loop, "compile"):  # twins in C come compiled
                compile_loop(loop)
        self._number = {loop: i for i, loop in enumerate(self._loops)}
        self._rate = ticks_per_second()
        roles = max([len(case.seats) for case in cases] + [2])
        self._frame = memory.allocate(frame_size(roles))
        self._probe_area = memory.allocate(4096)
        self._steal = StealMeter()
        self._processes = self._crew(cases, process=True, fifo=fifo)
        self._threads = self._crew(cases, process=False, fifo=fifo)
        self._clock_s = 0.0

    def _crew(self, cases: list[Case], *, process: bool, fifo: bool) -> list[Worker]:
        least = 0 if process else 1  # the clock is measured in a thread, whatever else is
        size = max([len(case.seats) for case in cases if _uses(case, process=process)] + [least])
        return [Worker(loops=self._loops, process=process, fifo=fifo) for _ in range(size)]

    def _worker(self, role: int, seat: Seat) -> Worker:
        return (self._processes if seat.process else self._threads)[role]

    def _play(self, loop: int, seats: tuple[Seat, ...], count: int, area: int, *, duration_s: float) -> None:
        """Run one loop on all seats and wait until every role has answered."""
        self._memory.write(self._frame + ROLES_OFFSET, [len(seats)])
        self._memory.write(self._frame + DURATION_OFFSET, [int(duration_s * self._rate)])
        workers = [self._worker(role, seat) for role, seat in enumerate(seats)]
        for role, (worker, seat) in enumerate(zip(workers, seats, strict=True)):
            worker.command(loop=loop, frame=self._frame, role=role, count=count, area=area, cpu=seat.cpu)
        for worker in workers:
            worker.wait()

    def _results(self, roles: int) -> list[list[int]]:
        base = self._frame + RESULTS_OFFSET
        return [self._memory.read(base + RESULT_STRIDE * role, RESULT_WORDS) for role in range(roles)]

    @property
    def tick_rate(self) -> float:
        """Ticks of the time stamp counter per second."""
        return self._rate

    def measure_clock(self, seat: Seat) -> float:
        """Cost of noting the clock [s]: the lowest of 50 empty batches."""
        lowest = float("inf")
        for _ in range(50):
            self._play(0, (seat,), 0, 0, duration_s=0.0)
            begin, end = self._results(1)[0][:2]
            lowest = min(lowest, (end - begin) / self._rate)
        self._clock_s = lowest
        return lowest

    def _probe(self, case: Case) -> float | None:
        if not case.is_probed:
            return None
        self._play(1, case.seats[:2], PROBE_ROUNDS, self._probe_area, duration_s=0.0)
        begin, end = self._results(1)[0][:2]
        return (end - begin) / self._rate / PROBE_ROUNDS

    def run(self, case: Case, count: int, number: int) -> Batch:
        """One batch of ``case`` with ``count`` operations, as part of round ``number``."""
        before = self._probe(case)
        steal = self._steal.read()
        self._play(self._number[case.loop], case.seats, count, case.area, duration_s=case.batch_s)
        results = self._results(len(case.seats))
        stolen = self._steal.read() - steal
        after = self._probe(case)
        measured = self._record(case, results)
        return replace(
            measured,
            round=number,
            count=count,
            steal=stolen,
            probe_before_s=before,
            probe_after_s=after,
        )

    def _record(self, case: Case, results: list[list[int]]) -> Batch:
        spans = [max((r[1] - r[0]) / self._rate - self._clock_s, 1e-9) for r in results]
        operations = tuple(r[2] for r in results)
        if case.deadline:
            rate = sum(done / span for done, span in zip(operations, spans, strict=True))
            seconds = 1.0 / max(rate, 1e-9)
        else:
            seconds = spans[0] / max(operations[0], 1)
        cpus = [seat.cpu for seat in case.seats]
        return Batch(
            case=case.name,
            round=0,
            process=self._process,
            count=0,
            seconds=seconds,
            wall_s=max(spans),
            operations=operations,
            switches=sum(r[6] - r[5] for r in results),
            moved=any(r[3] != cpu or r[4] != cpu for r, cpu in zip(results, cpus, strict=True)),
            blocking=case.blocking,
        )

    def close(self) -> None:
        """End all workers."""
        for worker in self._processes + self._threads:
            worker.close()
        self._steal.close()


def _uses(case: Case, *, process: bool) -> bool:
    return any(seat.process == process for seat in case.seats)
