"""Nobody's time is counted twice or left out: the parts of a unit are what was spent on them in a made-up run."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand_to_workload import smallest, workload_of
from cerberus_plan.calibration.programs.observe import runs as session
from cerberus_plan.calibration.programs.observe import served
from cerberus_plan.calibration.programs.observe.cpus import Busy
from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.observation import Observation
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.run_plan import Plan
from cerberus_plan.calibration.programs.observe.runs import Extras, Run
from cerberus_plan.calibration.programs.observe.served import ServerUse
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.programs.unit_ledger import LOAD, OTHERS, WAITING, unit_ledgers

RATE = 7.0  # units of work a second
KINDS = ("command", "server", "server, load elsewhere", "server, load partly elsewhere", "running server")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What happened on the cores of a run while it was watched: shares of their time, and what is left idle."""

    kind: str
    cores: int
    seconds: float
    user: float
    system: float
    load: float
    others: float
    stolen: float
    warm_up_s: float

    def core_seconds(self, *shares: float) -> float:
        """Of these shares."""
        return math.fsum(shares) * self.cores * self.seconds

    @property
    def load_cpus(self) -> tuple[int, ...] | None:
        """CPUs of the load: the server's are 0, 1, ..."""
        elsewhere = {"server, load elsewhere": (100, 101), "server, load partly elsewhere": (0, 100)}
        return elsewhere.get(self.kind)

    @property
    def load_here(self) -> float:
        """Share of the load's time that was on the run's cores."""
        return {"command": 0.0, "server, load elsewhere": 0.0, "server, load partly elsewhere": 0.5}.get(self.kind, 1.0)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Shares that add up to at most all of the cores."""
    weights = draw(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
    user, system, load, others, stolen, idle = weights
    kind = draw(st.sampled_from(KINDS))
    whole = math.fsum((user, system, load, others, stolen, idle)) + 0.01
    return Truth(
        kind=kind, cores=draw(st.integers(1, 4)), seconds=draw(st.floats(0.5, 5.0)), user=(user + 0.01) / whole,
        system=system / whole, load=0.0 if kind == "command" else load / whole, others=others / whole,
        stolen=stolen / whole, warm_up_s=draw(st.floats(0.0, 5.0)),
    )  # fmt: skip


def told(truth: Truth) -> tuple[Finished, Busy]:
    """What the kernel says of the run: of all that we waited for, and of its CPUs from start to end."""
    own = {"user_s": truth.core_seconds(truth.user), "system_s": truth.core_seconds(truth.system)}
    here = truth.core_seconds(truth.load)  # of the load
    busy = Busy(math.fsum((*own.values(), here, truth.core_seconds(truth.others))), truth.core_seconds(truth.stolen))
    counts = dict.fromkeys(("minor_faults", "major_faults", "voluntary_switches", "involuntary_switches",
                            "read_bytes", "written_bytes"), 0)  # fmt: skip
    ended = {"output": f"rate: {RATE}", "exit_code": 0, "timed_out": False, "left_behind": 0}
    done = Finished(elapsed_s=truth.seconds, **own, **counts, **ended)  # type: ignore[arg-type]
    if truth.kind == "command":
        return done, busy
    client_s = here / truth.load_here if truth.load_here else truth.core_seconds(0.5)
    use = ServerUse(
        elapsed_s=truth.seconds, client_s=client_s, working_s=busy.working_s, stolen_s=busy.stolen_s, **own, **counts,
    )  # fmt: skip
    if not truth.load_here:
        use = replace(use, working_s=busy.working_s - here)
    # We wait for start and warm-ups too, and for no server that was there before.
    ours = client_s + truth.warm_up_s + (0.0 if truth.kind == "running server" else math.fsum(own.values()))
    longer = Busy(busy.working_s + truth.warm_up_s, busy.stolen_s)
    whole = replace(done, elapsed_s=truth.seconds + truth.warm_up_s, user_s=ours, system_s=0.0, server=use)
    return whole, longer


@contextmanager
def kernel(done: Finished, noise: Busy) -> Iterator[None]:
    """Runs end so, and CPUs were so busy meanwhile."""
    looks = mock.Mock(side_effect=[Busy(0.0, 0.0), noise])
    with mock.patch.object(session, "_run", return_value=done), mock.patch.object(session.cpu_choice, "busy", looks):
        yield


def observed(truth: Truth) -> tuple[Plan, Run]:
    """The counted run."""
    plan = Plan(
        command=("p",), counts=(truth.cores,), repeats=1, timeout_s=None, meter=Meter.of(rate=r"rate: ([\d.]+)"),
        cpus=tuple(range(truth.cores)), load_cpus=truth.load_cpus,
    )  # fmt: skip
    with kernel(*told(truth)), Signals() as signals:
        (run,) = session.measure(plan, signals)
    return plan, run


@given(truths())
def test_all_parts_are_what_was_spent_on_them_and_add_up_to_cores_times_time(truth: Truth) -> None:
    """Commands and servers, with the load on their cores, on others, on both, started by us or running before."""
    plan, run = observed(truth)
    seen = Observation(plan=plan, runs=(run,), extras=Extras())
    (ledger,) = unit_ledgers(seen, workload_of(smallest(seen.demands), name="p", costs={}), {})
    work = RATE * truth.seconds
    here = truth.load if truth.load_here else 0.0
    spent = {
        LOAD: here,
        OTHERS: truth.others + truth.stolen,
        WAITING: 1.0 - truth.user - truth.system - here - truth.others - truth.stolen,
    }
    rounding = {"rel": 1e-6, "abs": 1e-9 * truth.cores}
    for name, share in spent.items():
        assert ledger.seconds(name) == pytest.approx(truth.core_seconds(share) / work, **rounding)
    assert ledger.core_seconds == pytest.approx(truth.cores * truth.seconds / work, rel=1e-9)


# Answers with a number after so many seconds of processor time; the load asks three times and works as long itself.
ANSWERS = """
import os, socket, time
os.sched_setaffinity(0, {CPU})
def work(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(1); work(0.1); connection.sendall(b"x"); connection.close()
"""
ASKS = """
import socket, time
until = time.process_time() + 0.3
while time.process_time() < until: pass
for _ in range(3):
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        connection.sendall(b"x"); connection.recv(1)
print("rate: 5")
"""


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="a load on other cores needs another core")
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_running_server_and_its_load_add_up_on_this_host(tmp_path: Path, *, elsewhere: bool) -> None:
    """0.3 s of the server, 0.3 s of the load where it shares the core: what is left for others is not theirs."""
    cpu, other, *_ = sorted(os.sched_getaffinity(0))
    script = ANSWERS.replace("CPU", str(cpu))
    with Popen([sys.executable, "-I", "-S", "-c", script], stdout=PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            load = tmp_path / "load.py"
            load.write_text(ASKS.replace("PORT", server.stdout.readline().strip()), encoding="utf-8")
            load_cpus = (other,) if elsewhere else None
            command = served.command(None, f"{sys.executable} -I -S {load}", pid=server.pid, load_cpus=load_cpus)
            plan = Plan(command=command, counts=(1,), repeats=1, timeout_s=60.0, cpus=(cpu,), load_cpus=load_cpus,
                        meter=Meter.of(rate=r"rate: (\d)"))  # fmt: skip
            with Signals() as signals:
                (run,) = session.measure(plan, signals)
        finally:
            server.kill()
    own = (run.demand.cpu_s or 0.0) * run.demand.work
    assert 0.27 < own < 0.4
    assert 0.29 < run.load_s < 0.5
    assert run.load_on_cores_s == (0.0 if elsewhere else run.load_s)
    ticks = 0.05
    assert own + run.load_on_cores_s + run.others_s + run.stolen_s < run.watched_s + ticks
