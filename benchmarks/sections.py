"""Write what a script made into a Markdown page, between its two marks, and leave everything else alone.

A section starts with a second-level heading and ends before the next one or at the end of the page. What people write
beside a script's tables, in its section or around a page made as a whole, stands outside of the marks and stays.
"""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.calibration.store.files import write_atomically

BEGIN, END = "<!-- made by a script: begin -->", "<!-- made by a script: end -->"


def replace_section(path: Path, *, page: str, heading: str, body: str) -> None:
    """Put ``body`` between the marks under ``heading`` of the page at ``path``; what is absent is made.

    Args:
        path: The page.
        page: Its title, where it is absent.
        heading: Of the section, which comes last where it is absent.
        body: What was made.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {page}\n"
    old = re.search(rf"^## {re.escape(heading)}$.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if old is None:
        text = f"{text.rstrip()}\n\n## {heading}\n\n{_marked(body)}\n"
    else:
        made = _replaced(old[0], body, f"{path}, section {heading!r}")
        text = text[: old.start()] + made + text[old.end() :]
    write_atomically(path, text)


def replace_page(path: Path, body: str) -> None:
    """Put ``body`` between the marks of a page that is made as a whole; one that is absent is made."""
    if path.exists():
        write_atomically(path, _replaced(path.read_text(encoding="utf-8"), body, str(path)))
    else:
        write_atomically(path, _marked(body) + "\n")


def _marked(body: str) -> str:
    return f"{BEGIN}\n\n{body.strip()}\n\n{END}"


def _replaced(text: str, body: str, where: str) -> str:
    """The text with another body between its marks; which of several pairs is meant, nobody knows."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise SystemExit(
            f"{where}: {BEGIN!r} and then {END!r} are expected once; put them around what may be replaced. "
            "Nothing was written"
        )
    return before + _marked(body) + after


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, numbers to the right, columns padded so that the source reads well too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [" | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    rule = " | ".join("-" * (width - 1) + ":" for width in widths)
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])
