"""What an objective's choice is worth, in sentences: the verdict, what binds, what one instance more or less does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cerberus_plan.model.digits import counted, digits_known, end_digits, estimate, exact, spread, to_place
from cerberus_plan.model.objective import CORES, LATENCY, THROUGHPUT, Objective, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.reach import Reach
from cerberus_plan.planner.objectives.served import CAPACITY, TAIL, Served
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.describe import describe

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.bent import Bent

# Relative gain in headroom below which a split does not carry more, and a point of the frontier is not worth a line.
WORTH = 1e-3
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


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
        return _nothing(best, name, objective)
    if rate is not None and not best.meets:
        return (
            f"No split is sure to carry {exact(rate)} {unit}{limits(objective)}. The closest, {name}, carries "
            f"{reached}. Loosen a limit, allow more cores, or measure this split."
        )
    first = unclaimed(objective.slos, best.answers)
    run = f"{first} By the model, run" if first else "Run"
    if rate is None:
        return f"{run} {name}: it carries {reached}{limits(objective)}, at a cost of {cost(best, objective)}."
    latency = told.latency
    p99 = ""
    if latency is not None and latency.p99 is not None:
        low, high = (None if ends is None else ends[-1] for ends in (latency.low, latency.high))
        p99 = f" with a 99th percentile of {_spread(latency.p99, low, high)}"
    return (
        f"{run} {name}: it carries {exact(rate)} {unit}{limits(objective)}{p99}, at a cost of "
        f"{cost(best, objective)}. It has room up to {reached}."
    )


def _nothing(best: Reach, name: str, objective: Objective) -> str:
    """Why nothing is carried at all: the loss leaves no instance, or a request alone takes too long."""
    if best.left == 0:
        return (
            f"No split has an instance left after the loss of one {objective.survive}; allow more, smaller instances."
        )
    over = max(objective.slos, key=lambda slo: best.lone(slo) / slo.seconds)
    least = time(best.lone(over), 2)
    return (
        f"No split keeps{limits(objective)} at any rate: even a lone request takes longer. The closest, {name}, has a "
        f"{over.name} of {least} then; loosen the limit."
    )


def unclaimed(slos: Sequence[Slo], answers: Served | Bent) -> str:
    """That a limit is one of a tail which nobody can tell, and what to measure; empty where it can be told."""
    tails = [slo for slo in slos if (slo.share or 0.0) >= TAIL]
    if not tails or not answers.too_short:
        return ""
    kept = " and ".join(f"{slo.name} {time(slo.seconds)}" for slo in tails)
    return (
        f"Cannot tell whether {kept} is kept: a request of {time(answers.alone, 2)} is shorter than a host's pauses "
        f"and wake-ups, which make its tail. Measure {tails[0].name} at one rate (`import --record`, or latency_p99 "
        "of a row [[measured]])."
    )


def _spread(value: float, low: float | None, high: float | None) -> str:
    """A time and its interval, with the digits that it warrants; a high end that is absent is no bound."""
    told = known_time(value, low, high)
    if low is None:
        return told
    if high is None:
        return f"{told} ({time(low, 2)} to without bound)"
    first, last = (time(end, end_digits(end, low, high)) for end in (low, high))
    return f"{told} ({first} to {last})"


def known_time(value: float, low: float | None, high: float | None) -> str:
    """A time with the digits that its interval warrants: two where it has no high end, three where there is none."""
    if low is None:
        return time(value)
    return time(value, 2 if high is None else digits_known(value, low, high))


def _reached(found: Reach, unit: str) -> str:
    """The largest rate that a split carries, with its interval."""
    return spread(found.headroom, found.headroom_low, found.headroom_high, unit)


def cost(found: Reach, objective: Objective) -> str:
    """What a split costs, with its unit."""
    unit = objective.prices.unit
    if unit == CORES.unit and found.cost == 1.0:
        return counted(1, "core")
    return f"{found.cost:,.10g} {unit}".rstrip()


def reason(plan: Plan, best: Reach, found: Sequence[Reach], objective: Objective) -> str:
    """What binds, and what the last and the next instance do."""
    unit = plan.workload.unit
    told = [f"What binds: {_binding(best)}."]
    if best.headroom <= 0.0:  # nothing is carried with an instance more or less either
        return told[0]
    for step, text in ((-1, "One instance less carries"), (1, "One instance more carries")):
        other = _neighbour(best, found, step)
        if other is not None:
            gain = other.headroom - best.headroom
            more = to_place(abs(gain), other.headroom_low, other.headroom_high)
            told.append(
                f"{text} {estimate(other.headroom, other.headroom_low, other.headroom_high, unit)} "
                f"({'+' if gain >= 0 else '-'}{more}) for {cost(other, objective)}."
            )
    return " ".join([*told, *_outdone(best, found, objective, unit), *_unsure(best, found, objective, unit)])


def rule(objective: Objective) -> str:
    """What is chosen first, and what decides where that is equal."""
    if objective.kind == LATENCY:
        first = f"the shortest {objective.slos[0].name if objective.slos else 'p99'} at the rate"
    elif objective.kind == THROUGHPUT:
        first = "the largest rate within the limits"
    elif objective.rate is None:
        first = "the least cost for each unit of the rate within the limits"
    else:
        first = "the least cost"
    sure = " of those sure to carry the rate" if objective.rate is not None else ""
    return (
        f"{first}{sure}; where that is equal fewer instances, then fewer cores, then the larger rate within the limits"
    )


def _outdone(best: Reach, found: Sequence[Reach], objective: Objective, unit: str) -> Iterator[str]:
    """The split that is sure too, costs no more and carries more: why it was not chosen, though the frontier has it."""
    more = [r for r in found if r.meets and r.cost <= best.cost and r.headroom > best.headroom * (1.0 + WORTH)]
    if not best.meets or not more:
        return
    other = max(more, key=lambda r: (r.headroom, -r.cost))
    name = describe(other.candidate, SYSTEMS)
    more_by = to_place(other.headroom - best.headroom, other.headroom_low, other.headroom_high)
    carries = f"would carry {estimate(other.headroom, other.headroom_low, other.headroom_high, unit)} (+{more_by})"
    price = "at the same cost" if other.cost == best.cost else f"for {cost(other, objective)}"
    yield f"{name[0].upper()}{name[1:]} {carries} {price}; the choice is by {rule(objective)}."


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
    if best.left == 0:
        text = "the loss, after which nothing is left"
    elif best.binding.startswith(CAPACITY):
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
