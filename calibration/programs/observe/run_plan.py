"""What to run, on how many cores and in which order."""

from __future__ import annotations

import random
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.observe import cpus as cpu_choice
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.quota import cpu_quota
from cerberus_plan.model.errors import InputError

PLACEHOLDER = "{cores}"
MOST_REPEATS = 1000


def check_timeout(seconds: float | None) -> None:
    """Refuse a limit of one run [s] that is no positive time; None is none.

    Raises:
        InputError: It is none.
    """
    if seconds is not None and not seconds > 0.0:  # so that not-a-number is refused too
        raise InputError(f"--timeout must be positive, not {seconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run: the command, on how many cores, how often, and how its work is read.

    Attributes:
        command: program and arguments; ``{cores}`` stands for the number of cores.
        counts: core counts, increasing.
        repeats: runs at each count.
        timeout_s: limit of one run [s], None for none.
        meter: how work is read.
        cpus: CPUs in the order in which runs fill them.
        seed: of the random order.
        boundaries: counts after which a run uses other kinds of CPUs (second threads, another package).
        quota: CPUs' worth of time that the container may use, None without a limit.
        title: what is shown of the command, where that is one of ours (`served`).
        load_cpus: CPUs of a server's load, None for the server's own.

    Raises:
        InputError: no command, no repeats or absurdly many, or a limit that is no positive time.
    """

    command: tuple[str, ...]
    counts: tuple[int, ...]
    repeats: int
    timeout_s: float | None
    meter: Meter
    cpus: tuple[int, ...]
    seed: int = 0
    boundaries: tuple[int, ...] = ()
    quota: float | None = None
    title: str | None = None
    load_cpus: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not self.command or not self.command[0]:
            raise InputError("give the command to observe after --, as in: observe -- ./program --threads {cores}")
        if not 1 <= self.repeats <= MOST_REPEATS:
            raise InputError(f"--repeats must be 1 to {MOST_REPEATS}, not {self.repeats}")
        check_timeout(self.timeout_s)

    def command_for(self, count: int) -> list[str]:
        """The command with its number of cores filled in."""
        return [word.replace(PLACEHOLDER, str(count)) for word in self.command]

    @property
    def text(self) -> str:
        """The command as one would type it."""
        if self.title is not None:
            return self.title
        stand_in = "CORES__"  # braces would be quoted, which nobody types
        return shlex.join(word.replace(PLACEHOLDER, stand_in) for word in self.command).replace(stand_in, PLACEHOLDER)

    def schedule(self) -> list[int]:
        """Core counts in the order of runs: every round holds each count once."""
        draw = random.Random(self.seed)  # noqa: S311 (an order, not a secret)
        return [count for _ in range(self.repeats) for count in draw.sample(self.counts, len(self.counts))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What this host offers: core counts to measure, CPUs in order of use, and what changes or limits on the way."""

    counts: tuple[int, ...]
    cpus: tuple[int, ...]
    boundaries: tuple[int, ...]
    quota: float | None


def available(wanted: Sequence[int] | None, *, without: Collection[int] = ()) -> Place:
    """The place for the core counts wanted, or for 1, 2, 4, ... as far as CPUs and quota go.

    Args:
        wanted: core counts, None for the default.
        without: CPUs that are kept for something else.

    Raises:
        InputError: counts that this host cannot give.
    """
    order, quota = [cpu for cpu in cpu_choice.order() if cpu not in without], cpu_quota()
    if not order:
        raise InputError("no CPU is left for the program; keep fewer for the load")
    if wanted is None:
        most = len(order) if quota is None else max(1, min(len(order), int(quota)))
        wanted = cpu_choice.default_counts(most)
    counts = cpu_choice.check_counts(wanted, len(order))
    boundaries = cpu_choice.boundaries(order[: counts[-1]])
    return Place(counts=tuple(counts), cpus=tuple(order), boundaries=tuple(boundaries), quota=quota)
