"""The page computes what the program computes: its own code, run in a browser, against the model's."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from example_plan import a_plan

import cerberus_plan
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.network import QueueLock, TestAndSetLock, TicketLock
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.structure import Costs, Structure
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.evaluate import rates
from cerberus_plan.reports.pages import live, page
from cerberus_plan.reports.pages.equations import all_laws

LOCKS = {lock.__name__: lock for lock in (TicketLock, TestAndSetLock, QueueLock)}
CORES = 16
PROGRAM = f"<script>{page.asset('solver.js')}\n{page.asset('live.js')}</script>"


def scaled(quantity: Quantity, factor: float) -> Quantity:
    return Quantity(value=quantity.value * factor, unit=quantity.unit)


def changed(given: Plan, settings: dict[str, Any]) -> tuple[Machine, Workload]:
    """Machine and workload as the controls' settings describe them."""
    operations = dict(given.workload.operations)
    for name in ("compute", "kernel_compute"):
        if name in operations:
            operations[name] = scaled(operations[name], settings["think"])
    operations["messages"] = Quantity(value=settings["messages"], unit="1")
    quantities = {**given.machine.quantities, "message_round_trip": Quantity(value=settings["round_trip_s"], unit="s")}
    return replace(given.machine, quantities=quantities), replace(given.workload, operations=operations)


def with_lock(structure: Structure, lock: str | None) -> Structure:
    if lock is None:
        return structure
    return replace(
        structure,
        local=tuple(
            LOCKS[lock](s.hold, handover=s.handover, name=s.name) if isinstance(s, tuple(LOCKS.values())) else s
            for s in structure.local
        ),
    )


def expected(given: Plan, system: str, splits: Splits, settings: dict[str, Any]) -> list[float]:
    """The model's throughput of each split."""
    machine, workload = changed(given, settings)
    costs = [
        Costs(owner.name, {name: np.full((1, 1), quantity.value) for name, quantity in quantities.items()})
        for owner, quantities in ((machine, machine.quantities), (workload, workload.operations))
    ]
    structure = with_lock(SYSTEMS[system].law(*costs, *splits.columns), settings["lock"])
    return rates(structure, splits, workload, 1)[0][:, 0].tolist()


def grid(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Every lock and paging mode, and corners of the numbers."""
    numbers = [
        (cores, vms, think, messages, trip)
        for cores, vms in ((CORES, CORES), (11, 3))
        for think, messages, trip in ((1.0, 0.0, 11.34e-6), (0.2, 0.5, 3e-6), (6.0, 3.0, 90e-6))
    ]
    names = ("cores", "vms", "think", "messages", "round_trip_s")
    return [
        {**dict(zip(names, values, strict=True)), "lock": lock, "paging": mode}
        for values, lock, mode in product(numbers, (None, *LOCKS), (None, *model["modes"]))
    ]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("workload", ["dbench", "histogram", "apache"])
def test_the_page_agrees_with_the_model_on_every_split(visit: Any, workload: str) -> None:
    """Throughput of each split under each setting to 1e-9."""
    given = a_plan(workload, cores=CORES)
    model = live.live_model(given)
    assert model is not None
    settings = grid(model)
    browser_page = visit(PROGRAM, wait=False).page
    answers = browser_page.evaluate("([model, all]) => all.map((one) => live.evaluate(model, one))", [model, settings])
    for one, found in zip(settings, answers, strict=True):
        for system in {each["system"] for each in found}:
            own = [each for each in found if each["system"] == system]
            splits = Splits(
                vms=np.array([each["vms"] for each in own], dtype=float),
                threads=np.array([each["threads"] for each in own], dtype=float),
            )
            wanted = expected(given, system, splits, one)
            assert [each["throughput"] for each in own] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.browser
def test_with_the_controls_untouched_the_page_repeats_the_plan(visit: Any) -> None:
    """Every candidate of the plan, its throughput and its seconds to 1e-9, and the ledger of the best."""
    given = a_plan("histogram", cores=CORES)
    model = live.live_model(given)
    browser_page = visit(PROGRAM, wait=False).page
    found = browser_page.evaluate("(model) => live.evaluate(model, live.defaults(model))", model)
    answers = {(one["system"], one["vms"], one["threads"]): one for one in found}
    assert len(answers) == len(given.candidates)
    for candidate in given.candidates:
        answer = answers[candidate.system, candidate.vms, candidate.split[0]]
        assert answer["throughput"] == pytest.approx(candidate.throughput, rel=1e-9)
        assert answer["seconds"] == pytest.approx(candidate.seconds, rel=1e-9)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("workload", "machine", "cores", "named"),
    [
        ("dbench", "amd48", CORES, "block allocation"),
        ("histogram", "amd48", 48, "start-up"),
        ("dbench", "epyc-9654-2s", 224, "SMT siblings"),
    ],
)
def test_the_pages_ledger_is_the_plans(workload: str, machine: str, cores: int, named: str, visit: Any) -> None:
    """Shares of the stations of the fastest split, of what stretches its times, and of start-up."""
    given = cerberus_plan.plan(workload, machine=machine, cores=cores, max_vms=64)
    model = live.live_model(given)
    browser_page = visit(PROGRAM, wait=False).page
    shares = browser_page.evaluate(
        """(model) => {
          const settings = live.defaults(model);
          return [...live.ledger(model, live.evaluate(model, settings)[0], settings)];
        }""",
        model,
    )
    fastest = given.candidates[0]
    assert fastest.ledger[named] > 0.0
    assert sum(dict(shares).values()) == pytest.approx(1.0, abs=1e-9)
    assert dict(shares) == pytest.approx({**dict.fromkeys(dict(shares), 0.0), **fastest.ledger}, abs=1e-9)


@pytest.mark.browser
def test_with_runs_the_page_repeats_the_plan_that_passes_through_them(visit: Any) -> None:
    """Untouched, throughputs and ledger are the plan's, and not those of the demands alone."""
    program = catalog.workload("dbench")
    runs = [(1, 1, 300.0), (1, 4, 500.0), (4, 1, 900.0)]
    measured = tuple(Measurement(instances=m, cores_per_instance=k, value=value) for m, k, value in runs)
    given = cerberus_plan.plan(
        replace(program, measured=measured), machine="amd48", cores=CORES, systems=["linux", "processes"]
    )
    bare = cerberus_plan.plan(program, machine="amd48", cores=CORES, systems=["linux", "processes"])
    model = live.live_model(given)
    browser_page = visit(PROGRAM, wait=False).page
    found, shares = browser_page.evaluate(
        """(model) => {
          const found = live.evaluate(model, live.defaults(model));
          const [{ system, vms, threads }] = [model.choice];
          const best = found.find((one) => one.system === system && one.vms === vms && one.threads === threads);
          return [found, [...live.ledger(model, best, live.defaults(model))]];
        }""",
        model,
    )
    answers = {(one["system"], one["vms"], one["threads"]): one["throughput"] for one in found}
    planned = {(one.system, one.vms, one.split[0]): one.throughput for one in given.candidates}
    assert answers == pytest.approx(planned, rel=1e-9)
    assert planned != pytest.approx({(o.system, o.vms, o.split[0]): o.throughput for o in bare.candidates}, rel=0.1)
    assert dict(shares) == pytest.approx({**dict.fromkeys(dict(shares), 0.0), **given.best.ledger}, abs=1e-9)


@pytest.mark.browser
def test_the_page_knows_every_law(visit: Any) -> None:
    """Each law of the model is in the page, and gives the same service times."""
    browser_page = visit(PROGRAM, wait=False).page
    for law in all_laws():
        values = [0.7, 1.0, 0.4][: len(law.parameter_names)]
        times = browser_page.evaluate(
            "([law, values]) => [1, 2, 3, 17].map((k) => solver.laws[law](k, values))", [law.__name__, values]
        )
        wanted = law(**dict(zip(law.parameter_names, values, strict=True))).service_times(17)
        assert times == pytest.approx(wanted[[0, 1, 2, 16]].tolist(), rel=1e-14), law


def test_large_machines_get_no_controls() -> None:
    """Where a browser would stall there is no model; the document stays small below."""
    large = a_plan()
    assert len(json.dumps(live.live_model(large))) < 100_000
    huge = replace(large, constraints=Constraints(cores=live.MOST_CORES + 1))
    assert live.live_model(huge) is None
