"""A fleet's plan in words, the same on the terminal and on its page. Takes the document of ``fleet --json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.formats import estimate, number, percent, prefixed

# What a proof leaves open below this is rounding.
_CLOSED = 1e-6
# Less of a rate than this is nothing to speak of.
_LITTLE = 5e-4

# Characters of a name above a bar: more would leave a phone's screen.
_MOST_NAME = 28


def brief(name: str) -> str:
    """A name for a chart; its table has all of it."""
    return name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 1]}…"


def money(document: Mapping[str, Any], value: float) -> str:
    """An amount in the fleet's currency."""
    return f"{amount(value)} {document['currency']}"


def amount(value: float) -> str:
    """An amount: cents only where there are some."""
    return f"{value:,.0f}" if abs(value) >= 1.0 and value == round(value) else number(value, 4)


def verdict(document: Mapping[str, Any]) -> tuple[str, str]:
    """The answer in one sentence, and a second one."""
    machines = document["machines"]
    there, used = sum(row["count"] for row in machines), sum(row["used"] for row in machines)
    if document["feasible"]:
        tightest = min(document["workloads"], key=lambda row: row["headroom"])
        count = len(document["workloads"])
        rates = {1: "The rate is", 2: "Both rates are"}.get(count, f"All {count} rates are")
        return (
            f"{rates} kept by {used:,} of {counted(there, 'machine')} for {money(document, document['cost'])}.",
            f"The least headroom is {percent(max(tightest['headroom'], 0.0))}, of {tightest['name']}.",
        )
    shortage = document["shortage"]
    if shortage["over_budget"] is not None:
        return (
            f"The budget is {money(document, shortage['over_budget'])} short of the least cost that keeps every rate.",
            f"With it {percent(shortage['level'])} of every rate can be kept.",
        )
    return (
        f"{counted(there, 'machine')} cannot keep every rate.".capitalize(),
        _together(shortage),
    )


def _together(shortage: Mapping[str, Any]) -> str:
    """What is kept of all rates at once."""
    if shortage["level"] >= _LITTLE:
        return f"Together they keep {percent(shortage['level'])} of each."
    if any(row["reason"] for row in shortage["lacking"]):
        return "Not every workload has a place."
    return "Of some rate nothing is kept, with the losses and the spread that are asked for."


def placed(row: Mapping[str, Any]) -> str:
    """Where an assignment is: the type, and the part of it."""
    return row["machine"] if row["parts"] == 1 else f"1/{row['parts']} of {row['machine']}"


def split_words(row: Mapping[str, Any]) -> str:
    """The split of an assignment: "12 x 8 (kvm)"."""
    return f"{row['vms']} × {row['cores_per_vm']} ({row['system']})"


def response(row: Mapping[str, Any]) -> str:
    """The 99th percentile of an assignment's response time at its load, with its 90 % interval."""
    found = row["latency"]
    if found is None or found["p99"] is None:
        return "–"
    low, high = (found[end] and found[end][-1] for end in ("low", "high"))  # mean and percentiles, the 99th last
    told, ends = prefixed(found["p99"], low, high, "s")
    return f"{told} ({ends})" if low is not None and high is not None else told


def load(row: Mapping[str, Any], unit: str = "") -> str:
    """What is asked of an assignment, and how much of what it is counted on for."""
    return f"{number(row['load'])} {unit}".rstrip() + f" ({percent(row['utilisation'])})"


def counted_on(row: Mapping[str, Any]) -> str:
    """What a workload's machines are counted on for: a bound that was chosen, which has no interval."""
    return number(row["counted_on"], 4)


def expected(row: Mapping[str, Any]) -> str:
    """What they are expected to do, with the digits of its interval."""
    return estimate(row["throughput"], row["low"], row["high"])


def room(row: Mapping[str, Any]) -> str:
    """Headroom of a workload, none where it is only rounding."""
    return percent(max(row["headroom"], 0.0)) if row["headroom"] > _CLOSED else "0 %"


def survives(row: Mapping[str, Any]) -> str:
    """The risk after the losses that a workload must survive."""
    return "–" if row["risk_after_loss"] is None else f"{percent(row['risk_after_loss'])} (−{row['survive']})"


def loads_note(document: Mapping[str, Any]) -> str:
    """What "counted on" and "load" mean here."""
    return (
        f"Counted on is what is reached with {percent(1.0 - document['risk'])} probability; it is loaded to "
        f"{percent(document['utilisation'])} at the most, and to what limits of the response time allow. Risk is the "
        "probability of doing less than the rate."
    )


def proof(document: Mapping[str, Any]) -> str:
    """How far from the best the answer may be."""
    wanted = "least cost" if document["objective"] == "cost" else "most headroom"
    if document["proven"]:
        return f"This is the {wanted} there is."
    if document["objective"] == "cost":
        gap = 1.0 - document["bound"] / document["cost"] if document["cost"] else 0.0
        return f"The search ran out of time: the least cost is at most {percent(gap)} lower (--seconds gives it more)."
    reached = min(row["headroom"] for row in document["workloads"])
    return (
        f"The search ran out of time: the most headroom is at most {percent(document['bound'])}, this is "
        f"{percent(reached)} (--seconds gives it more)."
    )


def shortfall(document: Mapping[str, Any]) -> Iterator[str]:
    """What is missing, a sentence a workload."""
    for row in document["shortage"]["lacking"]:
        if row["reason"]:
            yield f"{row['name']} has no place: {row['reason']}"
            continue
        parts = []
        if row["missing"] > 0.0:
            share = percent(row["missing"] / row["rate"])
            parts.append(f"{number(row['missing'])} of {number(row['rate'])} {row['unit']} ({share})")
        if row["missing_machines"]:
            parts.append(f"{counted(row['missing_machines'], 'machine')} to spread over")
        yield f"{row['name']} lacks {' and '.join(parts)}."


def purchases(document: Mapping[str, Any]) -> Iterator[str]:
    """What to add, the cheapest first."""
    if not document["shortage"]["purchases"] and document["shortage"]["over_budget"] is None:
        yield "No number of machines like these was found that would be enough."
    for n, row in enumerate(document["shortage"]["purchases"]):
        what = " and ".join(f"{one['count']:,} {one['machine']}" for one in row["machines"])
        price = f" ({money(document, row['price'])})" if row["price"] else ""
        yield f"{'Enough with' if n == 0 else 'or with'} {what} more{price}."
