"""One real run of one split, and the throughput of all its instances together.

A command that says ``{instances}`` divides itself (mpirun, a server with workers, a pool): it is started once, on the
CPUs of the whole split. Any other is started once an instance, all at the same time, each pinned to CPUs of its own,
and the rates are added. A command of the second kind needs the CPUs; one of the first may divide over other hosts or
replay a record, so it is pinned only where the machine has them.
With ``--time`` a command that divides itself does one piece of work, each instance of another one piece.
When not to use it: for programs that need a terminal or standard input (they get neither).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.host.topology import system_topology
from cerberus_plan.calibration.programs.load_latency import LoadLatency, read_latency, together
from cerberus_plan.calibration.programs.observe import cpus as cpu_choice
from cerberus_plan.calibration.programs.observe.meter import Kind, Meter
from cerberus_plan.calibration.programs.observe.placeholders import fill
from cerberus_plan.calibration.programs.observe.process import Finished, run
from cerberus_plan.calibration.programs.observe.run_plan import check_timeout
from cerberus_plan.calibration.programs.observe.served import as_typed
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.placement import place
from cerberus_plan.planner.verify.cpusets import Cpusets
from cerberus_plan.planner.verify.together import Order, run_together

DIVIDES = "{instances}"
OF_ONE = "{instance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRun:
    """What one run gave.

    Attributes:
        split: instances and cores of each.
        throughput: of all instances together, units of work per second.
        seconds: from the first start to the last end.
        others: share of the used CPUs' time that other programs took.
        stolen: share of it that a hypervisor kept from us.
        latency: response times that the loads of a server printed; None where they printed none that is known.
    """

    split: Split
    throughput: float
    seconds: float
    others: float
    stolen: float
    latency: LoadLatency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs splits of one command."""

    command: tuple[str, ...]
    meter: Meter
    topology: Topology
    timeout_s: float | None
    signals: Signals
    cpusets: Cpusets | None = None

    @classmethod
    def here(
        cls, command: Sequence[str], meter: Meter, timeout_s: float, signals: Signals, cpusets: Cpusets | None
    ) -> Runner:
        """On the CPUs that this process may use.

        Raises:
            InputError: The limit is no positive time.
        """
        from cerberus_plan.calibration.host.identity import allowed_cpus

        check_timeout(timeout_s)
        return cls(
            command=tuple(command),
            meter=meter,
            topology=system_topology(allowed_cpus()),
            timeout_s=timeout_s,
            signals=signals,
            cpusets=cpusets,
        )

    @property
    def divides(self) -> bool:
        """Whether the command divides itself."""
        return divides(self.command)

    def measure(self, split: Split) -> SplitRun:
        """Run one split.

        Raises:
            InputError: The program cannot be started, prints no number, or the CPUs do not suffice.
            CannotAnswerError: It failed or the time was up.
            Stopped: The user asked to stop; nothing is left running.
        """
        return self._once(split) if self.divides else self._together(split)

    def _once(self, split: Split) -> SplitRun:
        instances, cores = split
        cpus = self._cpus((instances * cores,)) or tuple(self.topology.cpus)
        known = {"instances": str(instances), "cores": str(cores), "threads": str(cores), "cpus": cpu_list(cpus)}
        words = fill(self.command, known)
        before = cpu_choice.busy(cpus)
        done = run(words, cpus=cpus, timeout_s=self.timeout_s, signals=self.signals)
        if done.failure is not None:
            advice = "; give more with --timeout" if done.timed_out else ""
            what = f"{instances} x {cores}: `{as_typed(words)}` {done.failure}{advice}"
            raise CannotAnswerError(f"{what}; its output ends with\n{done.tail}")
        used = cpu_choice.busy(cpus).since(before)
        return self._seen(split, len(cpus), used, [done], done.elapsed_s)

    def _together(self, split: Split) -> SplitRun:
        instances, cores = split
        if instances * cores > self.topology.n_cpus:
            raise InputError(
                f"{instances} x {cores} needs {instances * cores} CPUs, this process may use {self.topology.n_cpus}; "
                f"ask for fewer --cores, or write {DIVIDES} into a command that divides itself"
            )
        places = place(self.topology, (cores,) * instances).places
        cpus = tuple(cpu for each in places for cpu in each.cpus)
        before = cpu_choice.busy(cpus)
        order = Order(command=self.command, timeout_s=self.timeout_s)
        seconds, ended = run_together(order, places, self.signals, self.cpusets)
        return self._seen(split, len(cpus), cpu_choice.busy(cpus).since(before), ended, seconds)

    def _cpus(self, split: tuple[int, ...]) -> tuple[int, ...]:
        """CPUs close together for so many cores; none when the machine has fewer."""
        if sum(split) > self.topology.n_cpus:
            return ()
        return tuple(cpu for each in place(self.topology, split).places for cpu in each.cpus)

    def _seen(
        self, split: Split, cpus: int, used: cpu_choice.Busy, ended: Sequence[Finished], seconds: float
    ) -> SplitRun:
        own = sum(each.user_s + each.system_s for each in ended)
        time = max(seconds * cpus, 1e-9)
        clock = self.meter.kind is Kind.CLOCK
        rate = len(ended) / seconds if clock else sum(self.meter.throughput(each) for each in ended)
        return SplitRun(
            split=split,
            throughput=rate,
            seconds=seconds,
            others=min(max(used.working_s - own, 0.0) / time, 1.0),
            stolen=min(used.stolen_s / time, 1.0),
            latency=together([read_latency(each.output) if each.server is not None else None for each in ended]),
        )


def divides(command: Sequence[str]) -> bool:
    """Whether a command divides itself: it asks for the number of instances, and not which of them it is."""
    words = " ".join(command)
    return DIVIDES in words and OF_ONE not in words
