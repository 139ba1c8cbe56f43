"""The report of a calibration: can it be trusted, what costs what, how far apart the cores are, and every sample.

Takes a profile with its raw batches; the document embedded is the profile file's content. When not to use it: for the
terminal (``calibration``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cerberus_plan.calibration.paper.microbenchmarks import ROWS
from cerberus_plan.calibration.primitives.base import Results
from cerberus_plan.calibration.store.profile import Profile, to_record
from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts.latency import latency
from cerberus_plan.reports.charts.samples import samples
from cerberus_plan.reports.formats import headline, known, percent, quantity, unparted
from cerberus_plan.reports.pages import origin, page, provenance

_COLUMNS = ("linux", "xen", "local", "remote")
# A document larger than this stays in the profile file, so that the page stays below 3 MB [bytes].
_MOST_SAMPLES = 9_000


def calibration_page(profile: Profile, *, command: Sequence[str], version: str) -> str:
    """The page of a profile.

    Args:
        profile: What was measured, raw batches included.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    document, complete = _document(profile)
    context = {
        "profile": profile,
        "verdict": _verdict(str(profile.run.get("verdict", "not judged"))),
        "key_facts": _facts(profile),
        "inputs": [provenance.row(f"{profile.host.name}.{name}", one) for name, one in profile.quantities.items()],
        "beside": [_beside(profile, row) for row in ROWS],
        "latency": latency(profile.latency, profile.topology, name="latency") if len(profile.latency) > 1 else None,
        "samples": _samples(profile),
        "missing": [(name, reason) for name, reason in profile.missing.items()],
        "complete": complete,
        **origin.made(document, command, version),
        "versions": [f"{name} {number}" for name, number in profile.tool.items()],
    }
    return page.render("calibration.html.j2", context)


def _verdict(sentence: str) -> tuple[str, str]:
    """Stable or not as the headline; below it why, each sign of trouble with its advice in a sentence of its own."""
    judged, colon, why = sentence.partition(": ")
    if not colon:
        return headline(sentence)
    reasons = (f"{reason[:1].upper()}{reason[1:]}." for reason in unparted(why).split("; "))
    return f"{judged.capitalize()}.", " ".join(reasons)


def _document(profile: Profile) -> tuple[dict[str, Any], bool]:
    """The profile as JSON, and whether its raw samples are in it: very many stay in the profile's file."""
    document = to_record(profile)
    if sum(len(batches) for batches in profile.batches.values()) <= _MOST_SAMPLES:
        return document, True
    return {name: value for name, value in document.items() if name != "samples"}, False


def _samples(profile: Profile) -> Any:
    """The strip chart of all cases; of pairs of cores only the nearest and the farthest, the map has the others."""
    pairs = sorted(profile.latency, key=lambda pair: profile.latency[pair])
    kept = {f"core_to_core.{a}-{b}" for a, b in (pairs[:1] + pairs[-1:])}
    chosen = {
        case: batches
        for case, batches in profile.batches.items()
        if not case.startswith("core_to_core.") or case in kept
    }
    if not chosen:
        return None
    results = Results(batches=chosen)
    return samples(chosen, {case: results.estimate(case) for case in chosen}, name="samples")


def _facts(profile: Profile) -> list[dict[str, str]]:
    run, topology = profile.run, profile.topology
    return [
        {
            "name": "Host",
            "value": profile.host.name,
            "note": f"{profile.host.processor}, {counted(profile.host.cpus, 'CPU')}, {profile.host.kernel}",
        },
        {
            "name": "Levels",
            "value": f"{len(set(topology.sockets))} × {len(set(topology.l3_groups)) // len(set(topology.sockets))}",
            "note": "sockets × cache groups in each",
        },
        {
            "name": "Batches",
            "value": f"{run.get('batches', 0):,}",
            "note": f"{percent(float(run.get('doubtful', 0.0)))} disturbed and put aside",
        },
        {
            "name": "Stolen time",
            "value": percent(float(run.get("steal", 0.0))),
            "note": "given to others by the hypervisor",
        },
    ]


def _beside(profile: Profile, row: Any) -> tuple[str, ...]:
    """The paper's operation with this host's relatives of it."""
    here = [profile.quantities.get(name) for name in (row.local, row.remote)]
    published = [row.published.get(column) for column in _COLUMNS]
    return (
        row.operation,
        *("–" if one is None else known(one)[0] for one in here),
        *("–" if value is None else quantity(value, "s") for value in published),
    )
