"""Write one section of a Markdown page and leave the others alone.

A section starts with a second-level heading and ends before the next one or at the end of the page.
"""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.calibration.store.files import write_atomically


def replace_section(path: Path, *, page: str, heading: str, body: str) -> None:
    """Put ``body`` under ``heading`` of the page at ``path``, which is made, titled ``page``, if absent."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {page}\n"
    section = f"## {heading}\n\n{body.strip()}\n"
    old = re.compile(rf"^## {re.escape(heading)}$.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if old.search(text):
        text = old.sub(lambda found: section + ("\n" if found.end() < len(text) else ""), text)
    else:
        text = text.rstrip() + "\n\n" + section
    write_atomically(path, text)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers to the right, columns padded so that the source reads well too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [" | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    rule = " | ".join("-" * (width - 1) + ":" for width in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])
