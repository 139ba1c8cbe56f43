"""An observation in words, the same on the terminal and on its page: parts of a unit of work, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.splits.runs import command
from cerberus_plan.reports.formats import Spread, estimate, number, percent, quotient, reading

# Parts of a unit's core-seconds, as people call them.
PARTS = {
    "compute": "compute",
    "page_fault": "page faults",
    "packet": "packets",
    "address_space_call": "address-space calls",
    "kernel_lock": "kernel lock held",
    "kernel_compute": "other kernel work",
    "user_growth": "growth of user time",
    "system_growth": "growth of kernel time",
    "load": "the load itself",
    "others": "other programs",
    "waiting": "waiting or idle",
}
# A smaller share of a unit is not told in a line.
_SMALL = 0.005
_UNLIKELY = 0.01
# The owner of a contention that is not there.
NOBODY = "none"
# In other programs' hands, a share of the core-seconds that decides which split did more.
_BUSY = 0.2


def curve(document: Mapping[str, Any]) -> list[tuple[int, Spread]]:
    """Cores of one instance, and the median of its runs with its 90 % interval, where there is one."""
    rows = {row["cores_per_instance"]: row for row in document["measured"] if row["instances"] == 1}
    return [
        (point["n"], _spread(rows[point["n"]]) if point["n"] in rows else (median(point["values"]), None, None))
        for point in document["curve"]
    ]


def _spread(row: Mapping[str, Any]) -> Spread:
    return row["value"], row.get("low"), row.get("high")


def speed_up(over: tuple[int, Spread], under: tuple[int, Spread]) -> str:
    """One count's throughput over another's, with the digits that the repeats warrant."""
    value, low, high = quotient(over[1], under[1])
    return number(value) if low is None else estimate(value, low, high)


def lines(document: Mapping[str, Any], unit: str) -> Iterator[str]:
    """Where a unit's core-seconds go on the fewest and on the most cores, and whose the contention is.

    Args:
        document: What ``observe --json`` prints.
        unit: What work is counted in, one of it.
    """
    ledgers = document["ledger"]
    for ledger in dict.fromkeys((0, len(ledgers) - 1)) if ledgers else ():
        row = ledgers[ledger]
        told = ", ".join(
            f"{PARTS[part['name']]} {percent(part['share'])}" for part in row["parts"] if part["share"] >= _SMALL
        )
        yield f"where the core-seconds of one {unit} go on {counted(row['cores'], 'core')}: {told}"
    if owners := document["owner"]:
        told = ", ".join(f"{name} {percent(share)}" for name, share in likely(owners))
        yield f"whose the contention on {counted(document['owner_on_cores'], 'core')} is: {told}{_doubt(document)}"


def likely(owners: Mapping[str, float]) -> list[tuple[str, float]]:
    """Owners worth a word, the likeliest first."""
    return [(name, share) for name, share in sorted(owners.items(), key=lambda item: -item[1]) if share >= _UNLIKELY]


def owner_sentence(document: Mapping[str, Any]) -> str:
    """The likeliest owner, and how sure that is."""
    name, share = likely(document["owner"])[0]
    cause = document["causes"][name].split(";")[0]
    if name == NOBODY:
        return f"Most likely ({percent(share)}) nothing keeps it back by five per cent{_doubt(document)}."
    return f"What keeps it back is most likely ({percent(share)}) {cause}{_doubt(document)}."


def _doubt(document: Mapping[str, Any]) -> str:
    wanted = document["owner_next"]
    run = "" if wanted is None else f"; run {_named(wanted)}"
    if not document["owner_from_splits"]:
        return f" (no split was run, so this is hardly more than what is believed of all programs{run})"
    if _busiest(document) > _BUSY:
        return "; others kept these cores busy, so the runs tell little of the program: observe again on a quiet host"
    return run


def _named(split: Mapping[str, Any]) -> str:
    """A split to run, what for, and the command that runs it."""
    pair = (split["instances"], split["cores_per_instance"])
    return f"{pair[0]} x {pair[1]} to decide it ({command([pair])})"


def _busiest(document: Mapping[str, Any]) -> float:
    """The largest share of the core-seconds, on any number of cores, in the hands of other programs."""
    return max(
        (part["share"] for row in document["ledger"] for part in row["parts"] if part["name"] == "others"), default=0.0
    )


def asked(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What a unit asks for beside processor time: counts and bytes, with how they became known."""
    for name, one in document["operations"].items():
        if one["unit"] != "s":
            yield name.replace("_", " "), reading(one["value"]), str(one["provenance"]), str(one["source"])
