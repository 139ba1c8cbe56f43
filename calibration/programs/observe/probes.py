"""Runs under ``perf stat`` and ``strace -c``, where those exist and may be used; otherwise the reason why not.

They are runs of their own, never timed: strace slows each system call many times over. Counts per unit of work
come from the work done in that very run. perf is asked for semicolons, which survive decimal commas.
When not to use it: for programs that behave otherwise when slow (timeouts, adaptive batches).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports import perf_stat_csv, strace_summary
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.programs.observe.guard import temporary_folder
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.process import Finished, run
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import CannotAnswerError, InputError

PERF_EVENTS = (
    "task-clock,context-switches,cpu-migrations,page-faults,cycles,instructions,cache-misses,LLC-loads,LLC-load-misses"
)
SLOWDOWN = 50.0  # a traced run that takes longer than this many untraced ones is given up
EXTRA_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A tool around the command that writes a report to a file."""

    program: str
    arguments: tuple[str, ...]
    parse: Callable[[Source], Imported]

    def wrap(self, command: Sequence[str], report: str) -> list[str]:
        """The command under this tool."""
        return [self.program, *self.arguments, "-o", report, "--", *command]


PROBES = {
    "perf stat": Probe(program="perf", arguments=("stat", "-x;", "-e", PERF_EVENTS), parse=perf_stat_csv.parse),
    "strace -c": Probe(program="strace", arguments=("-f", "-q", "-c"), parse=strace_summary.parse),
}


def look(
    name: str, command: Sequence[str], *, cpus: Sequence[int], usual_s: float, meter: Meter, signals: Signals
) -> Demand:
    """The demand per unit of work that one probe sees.

    Args:
        name: key of `PROBES`.
        command: program and arguments.
        cpus: where it runs.
        usual_s: how long a run takes without the probe [s].
        meter: says how much work the probed run did.
        signals: the active context.

    Raises:
        CannotAnswerError: the tool is absent, not permitted or too slow; the message says which.
        Stopped: the user asked to stop.
    """
    probe = PROBES[name]
    if shutil.which(probe.program) is None:
        raise CannotAnswerError(f"{name}: {probe.program} is not installed")
    with temporary_folder() as folder:
        report = str(Path(folder) / "report")
        limit_s = usual_s * SLOWDOWN + EXTRA_S
        done = run(probe.wrap(command, report), cpus=cpus, timeout_s=limit_s, signals=signals)
        if done.failure is not None:
            raise CannotAnswerError(f"{name}: the run under it {done.failure} ({_first_line(done)})")
        try:
            (demand,) = probe.parse(Source(f"{name}'s report", read_text(report))).demands
            return demand.per(meter.work(done), meter.unit)
        except InputError as error:
            raise CannotAnswerError(f"{name}: {error}") from error


def _first_line(done: Finished) -> str:
    return next((line.strip() for line in done.output.splitlines() if line.strip()), "no output")
