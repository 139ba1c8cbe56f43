"""The report of fitted splits: every split with its interval and its runs, whose the contention is, what to run next.

Takes the document of ``fit --json`` for splits; every number shown is in it, in the words of the terminal. When not to
use it: for a curve of one instance (``fit_page``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import splits_words as words
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import ends, estimate, percent, reading
from cerberus_plan.reports.pages.findings import Table, findings_page

Split = tuple[int, int]


def splits_page(document: Mapping[str, Any], title: str, *, command: Sequence[str], version: str) -> str:
    """The page.

    Args:
        document: The document.
        title: What was fitted, such as the name of the file.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    measured = document["measured"]
    return findings_page(
        document,
        what="fit",
        subject=f"{title}: {counted(measured['runs'], 'run')}, {counted(document['cores'], 'core')}",
        verdict=words.verdict(document),
        key_facts=list(_facts(document)),
        figures=[
            _splits(document),
            bars(
                words.likely(document),
                name="owner",
                title="What takes most of the throughput",
                caption=" ".join(
                    (
                        "In how many of the explanations that fit the runs; the table of owners says what each means.",
                        *words.untold(document),
                    )
                ),
                column="probability",
            ),
        ],
        tables=list(_tables(document)),
        command=command,
        version=version,
    )


def _facts(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    best, wanted = document["best"], document["next"]
    interval = ends(best["low"], best["high"])
    yield {"name": "Recommended", "value": _name(best), "note": "instances × cores of each"}
    yield {
        "name": document["quantity"].capitalize(),
        "value": estimate(best["value"], best["low"], best["high"]),
        "note": f"measured, 90 % interval {interval}" if best["measured"] else f"90 % interval {interval}",
    }
    chance, regret = percent(best["probability_best"]), percent(best["regret"])
    yield {"name": "Chance to be the best", "value": chance, "note": f"of {counted(len(document['splits']), 'split')}"}
    yield {"name": "Expected loss", "value": regret, "note": "against the true best"}
    yield {
        "name": "Measure next",
        "value": "nothing" if wanted is None else _name(wanted),
        "note": "the choice is sure enough, or every split has been run" if wanted is None else "it decides most",
    }


def _splits(document: Mapping[str, Any]) -> Figure:
    """Each split that may be chosen: its runs as dots, what is expected of it as a diamond in its interval."""
    values = _values(document)
    rows = [
        Strip(
            name=f"{_name(split)}{_mark(document, split)}",
            values=values.get(_key(split), []),
            predicted=split["value"],
            predicted_low=split["low"],
            predicted_high=split["high"],
        )
        for split in document["splits"]
    ]
    better = "shorter is better" if document["quantity"] == "time" else "more is better"
    return strips(
        rows,
        name="splits",
        title=f"{document['quantity'].capitalize()} of every split; {better}",
        caption=("A dot is a run, a" if any(row.values for row in rows) else "A")
        + " diamond is what is expected of the split, and the line its 90 % interval.",
        columns=("split", "measured", "expected"),
    )


def _tables(document: Mapping[str, Any]) -> Iterator[Table]:
    values = _values(document)
    yield (
        f"All splits of {counted(document['cores'], 'core')}",
        ("split", "measured", "expected", "90 % interval", "probability of being best", "expected loss"),
        [
            (
                f"{_name(split)}{_mark(document, split)}",
                _told(values.get(_key(split), [])),
                estimate(split["value"], split["low"], split["high"]),
                ends(split["low"], split["high"]),
                percent(split["probability_best"]),
                percent(split["regret"]),
            )
            for split in document["splits"]
        ],
    )
    yield (
        "Owners of the contention",
        ("owner", "probability", "what it means"),
        [(owner, percent(share), document["causes"][owner]) for owner, share in words.likely(document)],
    )
    asked = {_key(split) for split in document["splits"]}
    yield (
        "Other runs that it was fitted to",
        ("split", "measured"),
        [(f"{m} × {k}", _told(runs)) for (m, k), runs in values.items() if (m, k) not in asked],
    )


def _values(document: Mapping[str, Any]) -> dict[Split, list[float]]:
    """Runs of each measured split, in the order in which they came."""
    found: dict[Split, list[float]] = {}
    for point in document["points"]:
        found.setdefault(_key(point), []).append(point["value"])
    return found


def _told(values: Sequence[float]) -> str:
    """Runs with four digits at most, and none that nobody wrote."""
    return ", ".join(reading(value) for value in values) or "–"


def _mark(document: Mapping[str, Any], split: Mapping[str, Any]) -> str:
    """What is said of a split behind its name."""
    marks = {"recommended": document["best"], "measure next": document["next"]}
    return "".join(f", {mark}" for mark, one in marks.items() if one is not None and _key(one) == _key(split))


def _key(split: Mapping[str, Any]) -> Split:
    return split["instances"], split["cores_per_instance"]


def _name(split: Mapping[str, Any]) -> str:
    return f"{split['instances']} × {split['cores_per_instance']}"
