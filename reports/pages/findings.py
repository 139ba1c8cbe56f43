"""The frame of the pages of ``observe``, ``tune``, ``verify``, ``explain`` and ``audit``: sentence, figures, tables.

When not to use it: for a plan, whose page has controls and evidence of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts.figure import Figure
from cerberus_plan.reports.formats import headline
from cerberus_plan.reports.pages import origin, page

# Title, headings and rows of a table.
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def findings_page(
    document: Mapping[str, Any],
    *,
    what: str,
    subject: str,
    verdict: str,
    figures: Sequence[Figure],
    tables: Sequence[Table] = (),
    notes: Sequence[str] = (),
    key_facts: Sequence[Mapping[str, str]] = (),
    floor: Mapping[str, Any] | None = None,
    command: Sequence[str],
    version: str,
) -> str:
    """The page.

    Args:
        document: What ``--json`` prints; every number shown is in it.
        what: Name of the command.
        subject: What it was about, for the head of the page.
        verdict: The answer; its first sentence is the headline.
        figures: Charts.
        tables: Tables below them; those without rows are left out.
        notes: What limits the answer.
        key_facts: Key figures: name, value, note.
        floor: Plan of the machine with marks (``marked_floor``), above the charts.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    context = {
        "eyebrow": what,
        "subject": subject,
        "verdict": headline(verdict),
        "notes": list(notes),
        "key_facts": list(key_facts),
        "figures": list(figures),
        "floor": floor,
        "tables": [(title, columns, rows) for title, columns, rows in tables if rows],
        **origin.made(document, command, version),
        "file": f"{what}.json",
    }
    return page.render("findings.html.j2", context, charts=bool(figures))
