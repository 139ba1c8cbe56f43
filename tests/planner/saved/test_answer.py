"""A saved answer is read back as the plans that were saved; what was changed by hand or is foreign is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from example_plan import a_plan

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.mixtures.allocate import plan_mix
from cerberus_plan.planner.mixtures.mix_plan import MixPlan
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.saved.answer import read_answer
from cerberus_plan.reports.pages.plan_document import mix_document, plan_document
from cerberus_plan.reports.text.plan_text import text_of

PLANS = (("dbench", 16), ("histogram", 16))


@cache
def saved() -> str:
    return json.dumps(plan_document([a_plan(name, cores=cores) for name, cores in PLANS]))


@cache
def a_mixture() -> MixPlan:
    parts = [(catalog.workload("dbench"), 1.0), (catalog.workload("histogram"), 2.0)]
    return plan_mix(catalog.machine("amd48"), parts, Constraints(cores=8), [SYSTEMS["cerberus"]])


def written(folder: Path, document: Any) -> Path:
    file = folder / "plan.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return file


def test_plans_are_read_back_whole(tmp_path: Path) -> None:
    """Machine, workload, constraints, every candidate and every sentence; inputs but for whose error they share."""
    found = read_answer(written(tmp_path, saved()))
    assert found.document == json.loads(saved())
    for plan, (name, cores) in zip(found.plans, PLANS, strict=True):
        original = a_plan(name, cores=cores)
        assert plan.to_json() == original.to_json()
        assert (plan.machine, plan.workload, plan.constraints) == (
            original.machine,
            original.workload,
            original.constraints,
        )
        assert any(plan.best is candidate for candidate in plan.candidates)


def test_the_text_is_the_same(tmp_path: Path) -> None:
    """Marks in the tables go by identity of candidates, which reading must restore."""
    found = read_answer(written(tmp_path, saved()))
    originals = [a_plan(name, cores=cores) for name, cores in PLANS]
    for kept, original in ((list(found.plans), originals), (list(found.plans[:1]), originals[:1])):
        assert list(text_of(kept, 100)) == list(text_of(original, 100))


@pytest.mark.slow
def test_an_objective_with_its_frontier_is_read_back(tmp_path: Path) -> None:
    """Rate, limits, prices, latencies and every point of the frontier, so that the text is the same."""
    objective = Objective(kind="cost", rate=20_000.0, slos=(Slo(name="p99", seconds=0.01),))
    original = aimed(a_plan("apache", cores=16), objective)
    (found,) = read_answer(written(tmp_path, plan_document([original]))).plans
    assert found.to_json() == original.to_json()
    assert (found.objective, found.frontier) == (objective, original.frontier)
    assert list(text_of([found], 100)) == list(text_of([original], 100))


@pytest.mark.slow
def test_measured_response_times_are_read_back(tmp_path: Path) -> None:
    """What they are, and what they say of the model's."""
    plain = a_plan("apache", cores=4)
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=5000.0, p99=9e-3)
    original = aimed(
        replace(plain, workload=replace(plain.workload, latencies=(row,))), Objective(kind="cost", rate=5_000.0)
    )
    assert original.latency_evidence is not None
    found = read_answer(written(tmp_path, plan_document([original]))).plans[0]
    assert found.workload.latencies == (row,)
    assert found.latency_evidence == original.latency_evidence
    assert found.to_json() == original.to_json()


@pytest.mark.parametrize("member", ["meets", "cost", "headroom"])
def test_a_refinement_under_an_objective_has_what_it_is_put_in_order_by(member: str, tmp_path: Path) -> None:
    """Also where its gain is of the throughput: one without would end a page in a traceback."""
    plan = aimed(a_plan("apache", cores=4), Objective(kind="cost"))
    document = plan_document([plan], changes=("per-core-network",))
    (refined,) = document["plans"][0]["what_if"]
    read_answer(written(tmp_path, document))
    refined["gain_of"] = "throughput"
    del refined["best"][member]
    with pytest.raises(InputError, match=rf"what_if\[0\]: best.*{member}"):
        read_answer(written(tmp_path, document))


def test_a_mixture_is_read_back(tmp_path: Path) -> None:
    """As its document tells it."""
    found = read_answer(written(tmp_path, mix_document(a_mixture())))
    assert found.plans == ()
    assert found.mix == a_mixture()


def test_a_mixture_that_tells_another_than_it_holds_is_refused(tmp_path: Path) -> None:
    """Document and inputs must agree."""
    document = mix_document(a_mixture())
    document["mix"]["level"] *= 2
    with pytest.raises(InputError, match="changed by hand"):
        read_answer(written(tmp_path, document))


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set what stands at a path, "plans.0.best.throughput"."""

    def apply(document: dict[str, Any]) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = document
        for part in parents:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return apply


@pytest.mark.slow
@pytest.mark.parametrize(
    ("apply", "says"),
    [
        (change("format_version", 2), "format_version 2, but this program reads 1"),
        (change("format", "cerberus-plan deployment"), "cerberus-plan audit"),
        (change("format", "else"), "no saved answer"),
        (change("format", None), "without its inputs, of an older version"),
        (change("given", None), "field 'given' is missing"),
        (change("given.machine.topology", None), "given: machine: field 'topology' is missing"),
        (change("given.machine.surplus", 1), "unknown field 'surplus'"),
        (change("given.constraints.cores", "16"), "constraints: cores"),
        (change("given.workloads.0.name", "other"), "is for 'dbench'"),
        (change("plans.0.best.throughput", 1.0), "plans[0]: best is none of the candidates"),
        (change("plans.0.ties", "none"), "plans[0]: ties"),
        (change("plans.1.candidates.3.ledger", []), "plans[1]: candidates[3]: ledger"),
        (change("plans.1", None), "1 plan for 2 workloads"),
        (change("made_with", 3), "made_with"),
    ],
)  # fmt: skip
def test_other_files_are_refused_with_what_they_are(
    tmp_path: Path, apply: Callable[[dict[str, Any]], None], says: str
) -> None:
    """An answer of another version, a deployment, a file changed by hand: each message says what and where."""
    document = copy.deepcopy(json.loads(saved()))
    apply(document)
    with pytest.raises(InputError) as refused:
        read_answer(written(tmp_path, document))
    assert says in str(refused.value)
    assert "plan.json" in str(refused.value)


@pytest.mark.parametrize("text", ["[]", "3", '"plan"', "{}", "{", '{"format": NaN}'])
def test_what_is_no_document_is_refused(tmp_path: Path, text: str) -> None:
    """Lists, numbers, texts, nothing, half a document."""
    with pytest.raises(InputError):
        read_answer(written(tmp_path, text))
