"""Plans, runs and observations of made-up programs, for tests of what is concluded from them."""

import os
import sys

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.observation import Observation
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras, Run

CPU = min(os.sched_getaffinity(0))
PYTHON = (sys.executable, "-I", "-S", "-c")


def finished(output: str = "", *, elapsed_s: float = 2.0) -> Finished:
    """A run that went well."""
    return Finished(
        elapsed_s=elapsed_s,
        user_s=1.0,
        system_s=0.5,
        minor_faults=10,
        major_faults=1,
        voluntary_switches=4,
        involuntary_switches=2,
        read_bytes=0,
        written_bytes=512,
        output=output,
        exit_code=0,
        timed_out=False,
        left_behind=0,
    )


def plan(*command: str, counts: tuple[int, ...] = (1,), repeats: int = 1, meter: Meter | None = None) -> Plan:
    """A plan on the one CPU that every host has."""
    return Plan(
        command=command or ("true",),
        counts=counts,
        repeats=repeats,
        timeout_s=20.0,
        meter=meter or Meter(),
        cpus=(CPU,) * max(counts),
    )


def made(cores: int, throughput: float, **changes: float) -> Run:
    """A counted run of one second a unit, all in user mode on every core, unless changed."""
    fields = {"elapsed_s": 1.0, "user_s": float(cores), "system_s": 0.0, "cpu_s": float(cores)} | changes
    demand = Demand(cores=cores, **{name: fields[name] for name in ("elapsed_s", "user_s", "system_s", "cpu_s")})
    return Run(
        cores=cores,
        throughput=throughput,
        demand=demand,
        elapsed_s=fields["elapsed_s"],
        watched_s=fields["elapsed_s"],
        others_s=changes.get("others_s", 0.0),
        stolen_s=0.0,
        left_behind=int(changes.get("left_behind", 0)),
    )


def observed(*runs: Run, command: str = "run {cores}", repeats: int = 1, extras: Extras | None = None) -> Observation:
    """An observation of these runs."""
    counts = tuple(sorted({run.cores for run in runs}))
    return Observation(plan=plan(command, counts=counts, repeats=repeats), runs=runs, extras=extras or Extras())
