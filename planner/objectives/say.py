"""What an objective's choice is worth, in sentences: the verdict, what binds, what one instance more or less does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cerberus_plan.model.digits import digits_known, estimate, exact, spread, to_place
from cerberus_plan.model.objective import Objective
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.reach import Reach
from cerberus_plan.planner.objectives.served import CAPACITY
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.describe import describe

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def time(seconds: float, digits: int = 3) -> str:
    """A time with at most so many digits and the unit that suits it: "2.1 ms"."""
    scale, unit = next(((s, u) for s, u in _UNITS if seconds >= s * 0.9995), _UNITS[-1])
    return f"{float(f'{seconds / scale:.{digits}g}'):g} {unit}"


def limits(objective: Objective) -> str:
    """The limits in words: " within p99 10 ms after the loss of one instance", empty without any."""
    text = " within " + " and ".join(f"{slo.name} {time(slo.seconds)}" for slo in objective.slos)
    text = text if objective.slos else ""
    return f"{text} after the loss of one {objective.survive}" if objective.survive else text


def verdict(plan: Plan, best: Reach, told: Candidate, objective: Objective) -> str:
    """The answer in a sentence or two."""
    unit = plan.workload.unit
    name = describe(best.candidate, SYSTEMS)
    reached = _reached(best, unit)
    rate = objective.rate
    if best.headroom <= 0.0:
        return f"No split keeps{limits(objective)} at any rate: even a lone request takes longer."
    if rate is not None and not best.meets:
        return (
            f"No split is sure to carry {exact(rate)} {unit}{limits(objective)}. The closest, {name}, carries "
            f"{reached}. Loosen a limit, allow more cores, or measure this split."
        )
    if rate is None:
        return f"Run {name}: it carries {reached}{limits(objective)}, at a cost of {cost(best, objective)}."
    latency = told.latency
    p99 = ""
    if latency is not None and latency.p99 is not None:
        low, high = (None if ends is None else ends[-1] for ends in (latency.low, latency.high))
        p99 = f" with a 99th percentile of {_spread(latency.p99, low, high)}"
    return (
        f"Run {name}: it carries {exact(rate)} {unit}{limits(objective)}{p99}, at a cost of "
        f"{cost(best, objective)}. It has room up to {reached}."
    )


def _spread(value: float, low: float | None, high: float | None) -> str:
    """A time and its interval, with the digits that it warrants; a high end that is absent is no bound."""
    if low is None:
        return time(value)
    if high is None:
        return f"{time(value, 2)} ({time(low, 2)} to without bound)"
    middle, first, last = (time(each, digits_known(each, low, high)) for each in (value, low, high))
    return f"{middle} ({first} to {last})"


def _reached(found: Reach, unit: str) -> str:
    """The largest rate that a split carries, with its interval."""
    return spread(found.headroom, found.headroom_low, found.headroom_high, unit)


def cost(found: Reach, objective: Objective) -> str:
    """What a split costs, with its unit."""
    return f"{found.cost:,.10g} {objective.prices.unit}".rstrip()


def reason(plan: Plan, best: Reach, found: Sequence[Reach], objective: Objective) -> str:
    """What binds, and what the last and the next instance do."""
    unit = plan.workload.unit
    told = [f"What binds: {_binding(best)}."]
    for step, text in ((-1, "One instance less carries"), (1, "One instance more carries")):
        other = _neighbour(best, found, step)
        if other is not None:
            gain = other.headroom - best.headroom
            more = to_place(abs(gain), other.headroom_low, other.headroom_high)
            told.append(
                f"{text} {estimate(other.headroom, other.headroom_low, other.headroom_high, unit)} "
                f"({'+' if gain >= 0 else '-'}{more}) for {cost(other, objective)}."
            )
    return " ".join([*told, *_unsure(best, found, objective, unit)])


def _unsure(best: Reach, found: Sequence[Reach], objective: Objective, unit: str) -> Iterator[str]:
    """The cheaper split that comes closest to being sure of the rate: what a measurement could save."""
    rate = objective.rate
    if rate is None or not best.meets:
        return
    cheaper = [r for r in found if not r.meets and r.headroom >= rate and r.cost < best.cost]
    if cheaper:
        other = max(cheaper, key=lambda r: (r.headroom_low, -r.cost))
        yield (
            f"Cheaper but not sure to carry it: {describe(other.candidate, SYSTEMS)} with {_reached(other, unit)} for "
            f"{cost(other, objective)}; measure that split to know."
        )


def _binding(best: Reach) -> str:
    if best.binding.startswith(CAPACITY):
        name = best.candidate.bottleneck
        text = f"the capacity ({name})" + best.binding[len(CAPACITY) :]
    else:
        text = best.binding
    return ", ".join([text, *best.candidate.limits])


def _neighbour(best: Reach, found: Sequence[Reach], step: int) -> Reach | None:
    """The split of the same system and size with so many instances more."""
    wanted = (best.candidate.system, best.candidate.vms + step, best.candidate.split[0])
    return next((r for r in found if (r.candidate.system, r.candidate.vms, r.candidate.split[0]) == wanted), None)


def warnings(told: Candidate) -> Iterator[str]:
    """What limits the answer about the response time."""
    if told.latency is not None and ("not promised" in told.latency.validity or "metastable" in told.latency.validity):
        yield f"response time: {told.latency.validity}"
    if told.latency is not None and told.latency.high is not None and told.latency.high[-1] is None:
        yield "response time: at the slow end of the plan's interval this rate is not carried at all"
