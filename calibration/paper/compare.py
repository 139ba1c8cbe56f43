"""Published beside predicted: every number of the source, with its role, its error and its reading.

Equation: error = model / published - 1, for "p % better" on 1 + p / 100.
The verdict counts judged quantities only; reported ones are shown with their error all the same. Free parameters are
counted in the shipped files: each quantity with provenance ``fitted`` is one.
When not to use it: to judge other machines than the shipped ones.
"""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from cerberus_plan.calibration.paper import left_out
from cerberus_plan.calibration.paper.facts import Fact, facts
from cerberus_plan.calibration.paper.figures import figures
from cerberus_plan.calibration.paper.left_out import LeftOut
from cerberus_plan.calibration.paper.predictions import PREDICTIONS, predict, runs
from cerberus_plan.calibration.paper.runs import Runs
from cerberus_plan.calibration.paper.statements import PREDICATES
from cerberus_plan.calibration.paper.targets import ALSO_REPORTED, INPUTS, TARGETS, Role, Target
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Provenance, Quantity

WITHIN = 0.10
MEDIAN = 0.05
SHARE_WITHIN = 0.90
MOST_FREE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One published number beside the model's.

    Attributes:
        id: Id of the published number (of the first, where several are added).
        about: What was measured.
        where: Section or table of the source.
        unit: Unit as printed.
        published: As printed.
        predicted: The model's number in the same unit, None where the model has none.
        error: Relative error, None likewise.
        error_left_out: The same when this quantity is left out of the fit; None unless calibrated.
        left_out: What a fit that did not see it predicts, with a 90 % interval; None unless calibrated.
        role: What the number was used for.
        judged: Whether it counts in the verdict.
        note: How it is read.
        error_other_reading: Error when a percentage is read as time saved instead; None for others.
    """

    id: str
    about: str
    where: str
    unit: str
    published: float
    predicted: float | None
    error: float | None
    error_left_out: float | None
    role: str
    judged: bool
    note: str
    left_out: dict[str, float] | None = None
    error_other_reading: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that ``reproduce`` shows.

    Attributes:
        free: The fitted quantities by "file.name".
        rows: Targets first, in the source's order, then the other published numbers.
        predicates: Orderings: (id, where, statement, holds).
    """

    free: dict[str, Quantity]
    rows: tuple[Row, ...]
    predicates: tuple[tuple[str, str, str, bool], ...]

    @property
    def judged(self) -> tuple[Row, ...]:
        """Rows that count."""
        return tuple(row for row in self.rows if row.judged)

    @property
    def n_within(self) -> int:
        """Judged rows within 10 %."""
        return sum(abs(row.error) <= WITHIN for row in self.judged if row.error is not None)

    @property
    def median_error(self) -> float:
        """Median of the judged rows' absolute errors."""
        return statistics.median(abs(row.error) for row in self.judged if row.error is not None)

    @property
    def passed(self) -> bool:
        """Whether the aim is met: 12 free numbers, 90 % within 10 %, median 5 %."""
        enough = self.n_within >= SHARE_WITHIN * len(self.judged)
        return enough and self.median_error <= MEDIAN and len(self.free) <= MOST_FREE

    @property
    def verdict(self) -> str:
        """The comparison in one sentence."""
        held = sum(holds for *_, holds in self.predicates)
        return (
            f"{self.n_within} of {len(self.judged)} judged quantities within 10 %, median error "
            f"{100 * self.median_error:.1f} %, with {len(self.free)} free numbers; "
            f"{held} of {len(self.predicates)} orderings hold"
        )

    @property
    def left_out(self) -> str:
        """What predictions of numbers that the fit had not seen are worth, in one sentence."""
        found = _coverage()
        one, groups = found["one_by_one"], found["groups"]
        inside, of = (sum(group[key] for group in groups) for key in ("inside", "of"))
        return (
            f"Not seen by the fit: {one['inside']} of {one['of']} published numbers in their 90 % interval one by one, "
            f"{inside} of {of} in groups (docs/left-out.md)"
        )


def compare() -> Comparison:
    """All published numbers against the shipped machines and workloads."""
    run = runs()
    alone = left_out.one_by_one()
    listed = (*TARGETS, *ALSO_REPORTED)
    used = {part for target in listed for part in target.parts}
    rows = [_target_row(run, target, alone.get(target.id)) for target in listed]
    rows += [_fact_row(run, fact) for fact in facts().values() if fact.id not in used]
    checks = tuple((p.id, p.where, p.says, p.holds(run)) for p in PREDICATES)
    return Comparison(free=free_quantities(), rows=tuple(rows), predicates=checks)


def free_quantities() -> dict[str, Quantity]:
    """Every shipped quantity with provenance ``fitted``, by "file.name"."""
    found: dict[str, Quantity] = {}
    for name in catalog.shipped("machines"):
        found |= _fitted(name, catalog.machine(name).quantities)
    for name in catalog.shipped("workloads"):
        found |= _fitted(name, catalog.workload(name).operations)
    return found


def _fitted(file: str, quantities: Any) -> dict[str, Quantity]:
    return {f"{file}.{name}": q for name, q in quantities.items() if q.provenance is Provenance.FITTED}


def _target_row(run: Runs, target: Target, alone: LeftOut | None) -> Row:
    predicted = float(predict(run, target.id).flat[0])
    published = target.published
    ratio = target.comparable(predicted)
    return Row(
        id=target.id,
        about=target.fact.about,
        where=target.fact.where,
        unit=target.fact.unit,
        published=published,
        predicted=predicted,
        error=ratio / target.comparable(published) - 1,
        error_left_out=None if alone is None else target.comparable(alone.predicted) / target.comparable(published) - 1,
        left_out=None if alone is None else _prediction(alone),
        role=str(target.role),
        judged=target.judged,
        note=target.note,
        error_other_reading=ratio * (1 - published / 100) - 1 if target.gain else None,
    )


def _prediction(alone: LeftOut) -> dict[str, float]:
    return {"predicted": alone.predicted, "low": alone.low, "high": alone.high}


def _fact_row(run: Runs, fact: Fact) -> Row:
    predicted = float(predict(run, fact.id).flat[0]) if fact.id in PREDICTIONS else None
    return Row(
        id=fact.id,
        about=fact.about,
        where=fact.where,
        unit=fact.unit,
        published=fact.value,
        predicted=predicted,
        error=None if predicted is None else predicted / fact.value - 1,
        error_left_out=None,
        role=str(Role.INPUT if fact.id in INPUTS else Role.REPORTED),
        judged=False,
        note="not judged: a cost is taken from it" if fact.id in INPUTS else "not modelled as a number of its own",
    )


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as the command line contract has it, with more beside it."""
    return {
        "free_parameters": len(comparison.free),
        "verdict": comparison.verdict,
        "passed": comparison.passed,
        "judged": len(comparison.judged),
        "within_10_percent": comparison.n_within,
        "median_error": comparison.median_error,
        "left_out": {**_coverage(), "says": comparison.left_out},
        "facts": [asdict(row) for row in comparison.rows],
        "predicates": [
            {"id": name, "where": where, "says": says, "holds": holds}
            for name, where, says, holds in comparison.predicates
        ],
        "parameters": [
            {"name": name, "value": q.value, "unit": q.unit, "low": q.low, "high": q.high, "source": q.source}
            for name, q in comparison.free.items()
        ],
        "figures": [asdict(figure) for figure in figures(runs())],
    }


def _coverage() -> dict[str, Any]:
    """How many published numbers lie in 90 % intervals of fits that did not see them, one by one and by group."""
    one, n_one = left_out.coverage(list(left_out.one_by_one().values()))
    groups = {name: left_out.coverage(rows) for name, rows in left_out.by_group().items()}
    return {
        "one_by_one": {"inside": one, "of": n_one},
        "groups": [{"name": name, "inside": inside, "of": of} for name, (inside, of) in groups.items()],
    }
