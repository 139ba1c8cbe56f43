"""Both paths of the simulator agree with theory, with each other, and with themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import (
    Delay,
    Instance,
    Queue,
    QueueLock,
    Servers,
    Station,
    TestAndSetLock,
    TicketLock,
)
from cerberus_plan.model.simulation import Rules, simulate, simulate_job
from cerberus_plan.model.simulation.run import FEWEST_COMPLETIONS

COLLAPSING = [Instance(threads=12, stations=[Delay(5.0), TicketLock(0.4, handover=0.1)])]
CLUSTER = [
    Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)]),
    Instance(threads=4, stations=[Servers(1.0, 2)]),
]
SHARED: list[Station] = [Servers(0.15, 3), Delay(0.3), QueueLock(0.2, handover=0.3)]


def _random_station(rng: np.random.Generator) -> Station:
    hold, handover = 10.0 ** rng.uniform(-1.5, 0.7), 10.0 ** rng.uniform(-1.5, 0.3)
    kinds: list[Station] = [
        Delay(hold),
        Queue(hold),
        Servers(hold, int(rng.integers(1, 5))),
        TicketLock(hold, handover=handover),
        QueueLock(hold, handover=handover),
        TestAndSetLock(hold, handover=handover),
    ]
    return kinds[rng.integers(len(kinds))]


def _random_network(seed: int) -> tuple[list[Instance], list[Station]]:
    rng = np.random.default_rng(seed)
    members = []
    for _ in range(rng.integers(1, 5)):
        own = [_random_station(rng) for _ in range(rng.integers(0, 3))]
        members.append(Instance(threads=int(rng.integers(1, 9)), stations=[Delay(10.0 ** rng.uniform(-1, 1)), *own]))
    return members, [_random_station(rng) for _ in range(rng.integers(0, 3))]


@pytest.mark.slow
def test_exact_answer_is_inside_the_99_percent_interval_in_96_percent_of_200_networks() -> None:
    """Coverage of the interval on memoryless networks, seeds 0 to 199."""
    inside = 0
    for seed in range(200):
        members, shared = _random_network(seed)
        found = simulate(instances=members, shared=shared, completions=20_000, seed=seed)
        inside += found.low <= solve(instances=members, shared=shared).throughput <= found.high
        assert found.high - found.low < 0.5 * found.throughput
    assert inside >= 192


@pytest.mark.parametrize("engine", ["jumps", "events"])
def test_every_measure_approaches_the_exact_one(engine: str) -> None:
    """Throughput of each instance, queue lengths, residences and utilisations of a mixed cluster."""
    found = simulate(instances=CLUSTER, shared=SHARED, completions=400_000, seed=3, engine=engine)
    exact = solve(instances=CLUSTER, shared=SHARED)
    assert found.engine == engine
    assert found.low <= exact.throughput <= found.high
    assert found.per_instance == pytest.approx(exact.per_instance, rel=0.02)
    for left, right in zip(found.stations, exact.stations, strict=True):
        assert (left.name, left.instance) == (right.name, right.instance)
        assert left.queue_length == pytest.approx(right.queue_length, rel=0.03)
        assert left.residence == pytest.approx(right.residence, rel=0.03)
        assert left.utilisation == pytest.approx(right.utilisation, rel=0.03)


@pytest.mark.parametrize("engine", ["jumps", "events"])
def test_operational_laws_hold_in_the_run_itself(engine: str) -> None:
    """Everybody is somewhere, nobody is busy for longer than the run, flows add up."""
    found = simulate(instances=CLUSTER, shared=SHARED, completions=5_000, seed=1, engine=engine)
    assert sum(s.queue_length for s in found.stations) == pytest.approx(6.0, rel=1e-9)
    assert all(0.0 < s.utilisation <= 1.0 + 1e-12 for s in found.stations)
    assert sum(found.per_instance) == pytest.approx(found.throughput, rel=1e-9)
    assert found.low < found.throughput < found.high
    assert found.events >= 3 * found.completions


def _times_of_forty_cycles(engine: str, handover: str = "state") -> list[float]:
    """Time until 64 cycles are complete, in independent runs."""
    return [
        simulate(
            instances=COLLAPSING, completions=FEWEST_COMPLETIONS, seed=seed, engine=engine, handover=handover
        ).seconds
        for seed in range(600)
    ]


@pytest.mark.slow
def test_fast_path_and_event_heap_agree_in_distribution() -> None:
    """The time for 64 cycles has one distribution on both paths; another hand-over rule is told apart."""
    from scipy.stats import ks_2samp

    jumps, heap = _times_of_forty_cycles("jumps"), _times_of_forty_cycles("events")
    assert ks_2samp(jumps, heap).pvalue > 1e-3
    assert ks_2samp(jumps, _times_of_forty_cycles("events", "start")).pvalue < 1e-6


@pytest.mark.parametrize("engine", ["jumps", "events"])
def test_one_seed_gives_one_run_to_the_bit(engine: str) -> None:
    """Equal seeds repeat everything; another seed, negative or huge, is another run."""
    first, second, *others = (
        simulate(instances=CLUSTER, shared=SHARED, completions=1_000, seed=seed, engine=engine)
        for seed in (7, 7, 8, -1, 2**80)
    )
    assert first == second
    assert len({run.seconds for run in [first, *others]}) == 4


_PLAIN_RUN = """
from cerberus_plan.model.network import *
from cerberus_plan.model.simulation import Message, Rules, simulate
instances = [Instance(threads=2, stations=[Delay(1.0), ReaderWriterLock(0.2, line=0.1, writes=0.3)])] * 2
rules = Rules(cores=1, messages=(Message(station="think", demand=0.1),), handover="release", barrier=5)
for engine in ("jumps", "events"):
    print(repr(simulate(instances=[Instance(threads=3, stations=[Delay(1.0), TicketLock(0.5, handover=0.2)])],
                        shared=[Servers(0.3, 2)], completions=200, seed=5, engine=engine).seconds))
print(repr(simulate(instances=instances, completions=200, seed=5, rules=rules).seconds))
"""


@pytest.mark.slow
def test_kernels_run_uncompiled_to_the_same_bits() -> None:
    """Plain Python, where an index out of bounds would raise, gives what the compiled kernels give."""
    outputs = []
    for disabled in ("0", "1"):
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _PLAIN_RUN],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert len(outputs[0].split()) == 3


def test_the_path_is_chosen_by_what_is_asked() -> None:
    """Memoryless networks take the jump chain; anything else the event heap."""
    plain = {"instances": CLUSTER, "completions": 100}
    assert simulate(**plain).engine == "jumps"
    assert simulate(**plain, holds="deterministic").engine == "events"
    assert simulate(**plain, handover="arrival").engine == "events"
    assert simulate(**plain, rules=Rules(cores=2)).engine == "events"
    unequal = [replace_factor(CLUSTER[0], 2.0), CLUSTER[1]]
    assert simulate(instances=unequal, shared=SHARED, completions=100).engine == "events"
    assert simulate(instances=unequal, completions=100).engine == "jumps"
    instant = [Instance(threads=2, stations=[TicketLock(0.0, handover=1.0)])]
    found = simulate(instances=instant, completions=1_000)
    assert found.engine == "events"
    assert found.low <= 2.0 <= found.high


def replace_factor(instance: Instance, factor: float) -> Instance:
    """The instance with another demand at shared stations."""
    return Instance(threads=instance.threads, stations=instance.stations, shared_factor=factor)


@pytest.mark.parametrize("engine", ["jumps", "events"])
def test_an_equal_factor_of_all_instances_scales_shared_demands(engine: str) -> None:
    """Twice the demand at shared stations, however it is said."""
    doubled = [replace_factor(member, 2.0) for member in CLUSTER]
    twice = [Servers(0.3, 3), Delay(0.6), QueueLock(0.4, handover=0.6)]
    left = simulate(instances=doubled, shared=SHARED, completions=5_000, engine=engine)
    right = simulate(instances=CLUSTER, shared=twice, completions=5_000, engine=engine)
    assert left.throughput == pytest.approx(right.throughput, rel=1e-9)


def test_stations_without_demand_are_passed_and_reported_empty() -> None:
    """They take no time and no events, wherever they are."""
    own = [Delay(0.0, name="nothing"), Delay(1.0), Queue(0.0, name="idle")]
    found = simulate(instances=[Instance(threads=2, stations=own)], shared=[Queue(0.0)], completions=64)
    assert [s.name for s in found.stations] == ["nothing", "think", "idle", "queue"]
    assert [s.queue_length for s in found.stations] == pytest.approx([0.0, 2.0, 0.0, 0.0])
    assert found.stations[0].residence == 0.0


def test_an_instance_may_live_on_shared_stations_only() -> None:
    """And is simulated on both paths."""
    members = [Instance(threads=1, stations=[]), Instance(threads=2, stations=[Delay(1.0)])]
    exact = solve(instances=members, shared=[Queue(0.5)]).throughput
    for engine in ("jumps", "events"):
        found = simulate(instances=members, shared=[Queue(0.5)], completions=50_000, seed=2, engine=engine)
        assert found.low <= exact <= found.high


def test_progress_is_reported_to_the_end() -> None:
    """Completions so far never fall and end at what was asked."""
    seen: list[tuple[int, int]] = []
    simulate(instances=CLUSTER, completions=1_000, report=lambda done, wanted: seen.append((done, wanted)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (1_000, 1_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instances": []}, "instances is empty"),
        ({"instances": [3]}, "3 is not an Instance"),
        ({"completions": 63}, "completions = 63 must be a whole number from 64"),
        ({"completions": 1e6}, "completions = 1000000.0 must be a whole number"),
        ({"engine": "fast"}, "engine = 'fast' must be one of 'auto', 'jumps', 'events'"),
        ({"engine": "jumps", "holds": "deterministic"}, "engine = 'jumps' needs exponential holds"),
        ({"holds": "normal"}, "holds = 'normal' must be one of 'exponential', 'deterministic'"),
        ({"holds": [1.0, -1.0]}, "finite numbers at least 0"),
        ({"holds": [0.0]}, "must have a positive mean"),
        ({"handover": "never"}, "handover = 'never' must be one of 'state', 'start', 'arrival', 'release'"),
        ({"instances": [Instance(threads=1, stations=[Queue(0.0)])]}, "a cycle that takes no time"),
        ({"instances": [Instance(threads=1, stations=[TicketLock(0.0, handover=1.0)])]}, "a cycle that takes no time"),
        ({"shared": [Queue(np.array([1.0, 2.0]))]}, "demand is an array; simulate one draw at a time"),
        ({"shared": [Servers(1.0, 1.5)]}, "count = 1.5 must be a whole number to be simulated"),
    ],
)
def test_impossible_runs_are_refused(change: dict, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(InputError, match=message):
        simulate(**({"instances": COLLAPSING, "completions": 100} | change))


def test_more_threads_never_slow_a_calm_network_but_do_slow_a_ticket_lock() -> None:
    """The simulator knows nothing of the solver and sees the same collapse."""
    calm, lock = Queue(0.4), TicketLock(0.4, handover=0.1)
    for station, grows in ((calm, True), (lock, False)):
        rates = [
            simulate(instances=[Instance(threads=k, stations=[Delay(5.0), station])], completions=50_000).throughput
            for k in (12, 48)
        ]
        assert (rates[1] > rates[0]) is grows


@pytest.mark.slow
def test_job_of_independent_threads_ends_with_the_slowest() -> None:
    """The mean of the largest of four exponential times is (1 + 1/2 + 1/3 + 1/4) times one."""
    job = simulate_job(instances=[Instance(threads=2, stations=[Delay(1.0)])] * 2, cycles=1, replications=2_000, seed=4)
    assert job.low <= 25 / 12 <= job.high
    assert job.low < job.seconds < job.high
    assert len(job.runs) == 2_000
    assert job.events == 2_000 * (4 + 4)


def test_job_waits_for_late_instances() -> None:
    """With fixed times the end is the last start plus the work."""
    job = simulate_job(
        instances=[Instance(threads=1, stations=[Delay(2.0)])] * 3,
        cycles=5,
        starts=[0.0, 3.0, 1.0],
        replications=10,
        rules=Rules(holds="deterministic"),
    )
    assert job.runs == (13.0,) * 10
    assert job.low == job.high == 13.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cycles": 0}, "cycles = 0 must be at least 1"),
        ({"replications": 9}, "replications = 9 at least 10"),
        ({"starts": [0.0, 1.0]}, "starts must be times from 0, one for each instance \\(1 in all\\)"),
        ({"starts": [-1.0]}, "starts must be times from 0"),
        ({"starts": [float("inf")]}, "starts must be times from 0"),
    ],
)
def test_impossible_jobs_are_refused(change: dict, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(InputError, match=message):
        simulate_job(**({"instances": COLLAPSING, "cycles": 2} | change))


def test_rules_keep_their_own_holds_unless_others_are_given() -> None:
    """``holds`` and ``handover`` of the call replace those of the rules."""
    rules = Rules(holds="deterministic", handover="start")
    by_rules = simulate(instances=COLLAPSING, completions=100, rules=rules)
    by_call = simulate(instances=COLLAPSING, completions=100, holds="deterministic", handover="start")
    assert replace(by_rules) == by_call
    other = simulate(instances=COLLAPSING, completions=100, rules=rules, handover="arrival")
    assert other != by_rules
