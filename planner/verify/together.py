"""One run of a split: the command once per instance, all at the same time, each on its own CPUs.

The time of a split is from the first start to the last end. All instances of all splits share one session and one
scheduling group (``calibration.programs.observe.start`` says why); whatever outlives them is ended
(``calibration.programs.observe.group``). One that fails ends the others at once.
Placeholders of the command: ``calibration.programs.observe.placeholders``. One that divides itself is started once.
When not to use it: for programs that need a terminal or standard input.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from cerberus_plan.calibration.programs.observe.group import children, ends_within, reap, stop, subreaper
from cerberus_plan.calibration.programs.observe.guard import watch
from cerberus_plan.calibration.programs.observe.placeholders import divides_itself, known
from cerberus_plan.calibration.programs.observe.process import MAX_OUTPUT_BYTES, Finished, finished, too_much
from cerberus_plan.calibration.programs.observe.run_plan import check_timeout
from cerberus_plan.calibration.programs.observe.served import as_typed
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.programs.observe.start import start
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.plain import shortened
from cerberus_plan.planner.placing.placement import Place
from cerberus_plan.planner.verify.cpusets import Cpusets, enter

_TICK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run: program and arguments, time limit [s], None for none.

    Raises:
        InputError: The limit is no positive time.
    """

    command: tuple[str, ...]
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        check_timeout(self.timeout_s)


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    started: float
    elapsed_s: float | None = None


def run_together(
    order: Order, places: Sequence[Place], signals: Signals, cpusets: Cpusets | None = None
) -> tuple[float, list[Finished]]:
    """Run one instance on each place; seconds until the last ended, and what each did.

    Raises:
        InputError: The program cannot be started.
        CannotAnswerError: An instance failed or the time was up; the message has the end of its output.
        Stopped: The user asked to stop; nothing is left running.
    """
    with ExitStack() as stack:
        instances = _instances(order, places)
        own = cpusets is not None and len(instances) == len(places)
        made = stack.enter_context(cpusets.for_split([(p.cpus, p.nodes) for p in places])) if cpusets and own else []
        watch()
        stack.enter_context(subreaper())
        strangers = children()
        running: list[_Child] = []
        ended: list[Finished] = []
        started = time.perf_counter()
        on_time = True
        try:
            for i, (cpus, values) in enumerate(instances):
                output = stack.enter_context(tempfile.TemporaryFile())
                with signals.held():
                    process = start(order.command, cpus=cpus, output=output, values=values)
                    running.append(_Child(process=process, output=output, started=time.perf_counter()))
                    if made:
                        enter(made[i], process.pid)
            on_time = _wait(running, None if order.timeout_s is None else started + order.timeout_s)
            elapsed = time.perf_counter() - started
        finally:
            with signals.held():
                ended = _collect(order, running, strangers, signals, since=started, on_time=on_time)
        talkative = any(too_much(child.output) for child in running)
    if talkative:
        raise CannotAnswerError(
            f"an instance of `{shortened(as_typed(order.command))}` wrote more than {MAX_OUTPUT_BYTES // 2**20} MiB; "
            "send what is not needed to /dev/null"
        )
    _check(order, ended, on_time=on_time)
    return elapsed, ended


def _instances(order: Order, places: Sequence[Place]) -> list[tuple[Sequence[int], dict[str, str]]]:
    """CPUs and placeholders of each process to start: one an instance, or a single one that divides itself."""
    count = len(places)
    if divides_itself(order.command):
        cpus = [cpu for place in places for cpu in place.cpus]
        return [(cpus, known(instances=count, instance=0, cores=len(places[0].cpus), cpus=cpus))]
    return [
        (place.cpus, known(instances=count, instance=i, cores=len(place.cpus), cpus=place.cpus))
        for i, place in enumerate(places)
    ]


def _wait(running: Sequence[_Child], deadline: float | None) -> bool:
    """Wait until all have ended, or one has failed or written too much; False when the time is up before."""
    waiting = list(running)
    while waiting:
        left = _TICK_S if deadline is None else min(_TICK_S, max(deadline - time.perf_counter(), 0.0))
        ends_within(waiting[0].process.pid, left)
        for child in list(waiting):
            # the process stays a zombie: it is collected, with all it left behind, at the end
            status = os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if status is not None:
                child.elapsed_s = time.perf_counter() - child.started
                waiting.remove(child)
                if status.si_code != os.CLD_EXITED or status.si_status:
                    return True
        if any(too_much(child.output) for child in running):
            return True
        if waiting and deadline is not None and time.perf_counter() >= deadline:
            return False
    return True


def _collect(
    order: Order, running: Sequence[_Child], strangers: set[int], signals: Signals, *, since: float, on_time: bool
) -> list[Finished]:
    """End whoever still runs, then collect all and what they left behind.

    Who is ended here took the time since the first start, which is what the limit counts: a busy host may take long to
    start a process.
    """
    stopped_s = time.perf_counter() - since
    stop([child.process.pid for child in running if child.elapsed_s is None], signals)
    pids = {child.process.pid for child in running}
    found = []
    for child in running:
        pids.discard(child.process.pid)
        remains = reap(child.process, strangers | pids)
        elapsed = child.elapsed_s if child.elapsed_s is not None else stopped_s
        timed_out = child.elapsed_s is None and not on_time
        found.append(finished(order.command, remains, child.output, elapsed, timed_out=timed_out))
    return found


def _check(order: Order, ended: Sequence[Finished], *, on_time: bool) -> None:
    """Complain about the instance that failed first of itself, not about those that were ended for it."""
    failed = [(i, each) for i, each in enumerate(ended) if each.failure]
    if not failed:
        return
    i, each = next(((i, each) for i, each in failed if not on_time or each.exit_code > 0), failed[0])
    advice = "; give more with --timeout" if each.timed_out else ""
    raise CannotAnswerError(
        f"instance {i} of {len(ended)}: `{as_typed(order.command)}` {each.failure}{advice}; "
        f"its output ends with\n{each.tail}"
    )
