"""What a plan with an objective prints below its verdict: the frontier, one split a line."""

from __future__ import annotations

from collections.abc import Iterator

from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.objective import Objective
from cerberus_plan.planner.objectives.say import known_time
from cerberus_plan.planner.plan import Candidate, FrontierPoint, Plan
from cerberus_plan.reports.formats import ends, estimate, exact, number

# Points of the frontier that are printed; --json has all.
MOST_POINTS = 9
Row = tuple[str, ...]


def rows(plan: Plan, objective: Objective) -> Iterator[Row]:
    """The header, the chosen split, and the frontier: what each step up in cost buys."""
    best = plan.best
    latency = objective.rate is not None
    header = ["", "system", "split", "cost", "carries", "90 %", "per cost"]
    yield tuple([*header, "p99"] if latency else header)
    shown = spread_out(plan)
    if not any(_is(point, best) for point in shown):
        yield _row("best", best, latency=latency)
    for point in shown:
        candidate = next(c for c in plan.candidates if _is(point, c))
        mark = "best" if candidate is best else ""
        yield _row(mark, candidate, latency=latency, gain=point.gain_per_cost)


def spread_out(plan: Plan) -> list[FrontierPoint]:
    """The frontier, thinned evenly to what fits a screen; its ends and the chosen split stay."""
    points = list(plan.frontier)
    if len(points) <= MOST_POINTS:
        return points
    step = (len(points) - 1) / (MOST_POINTS - 1)
    kept = {round(i * step) for i in range(MOST_POINTS)}
    return [point for at, point in enumerate(points) if at in kept or _is(point, plan.best)]


def _is(point: FrontierPoint, candidate: Candidate) -> bool:
    return (point.system, point.vms, point.cores_per_vm) == (
        candidate.system,
        candidate.vms,
        candidate.cores_per_vm,
    )


def _row(mark: str, candidate: Candidate, *, latency: bool, gain: float | None = None) -> Row:
    headroom, low, high = candidate.headroom or 0.0, candidate.headroom_low or 0.0, candidate.headroom_high or 0.0
    cells = [
        mark,
        candidate.system,
        f"{candidate.vms} x {candidate.split[0]}",
        exact(candidate.cost or 0.0),
        estimate(headroom, low, high),
        ends(low, high, "-"),
        "" if gain is None else f"+{number(gain, 2)}",
    ]
    if latency:
        cells.append(_p99(candidate.latency))
    return tuple(cells)


def _p99(latency: Latency | None) -> str:
    """With the digits of its interval, as in the verdict."""
    if latency is None or latency.p99 is None:
        return "-"
    low, high = (None if ends is None else ends[-1] for ends in (latency.low, latency.high))
    return known_time(latency.p99, low, high)
