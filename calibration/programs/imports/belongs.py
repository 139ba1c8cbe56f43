"""A file that was given to the wrong command: what it is, and which command reads it.

For messages of readers that could make nothing of a file: the reader says what is wrong, this says where to go.
Assumption: the reader has already failed; a document of ours with a slip in it is none of another's.
When not to use it: to choose a reader, and on a start (it loads every reader of programs' output).
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.imports.elsewhere import foreign
from cerberus_plan.calibration.programs.imports.readers import FORMATS, recognise

# What recognises a shape costs time for each character, 0.1 s a million. Nearly all are told by a file's beginning; one
# that is not (memtier's totals may stand behind long series) is left to what the reader says of it.
_HEAD = 100_000


def belongs(text: str, *, tables: bool = True) -> str | None:
    """What the file is and the command for it, to go behind its name; None where that is not known.

    Args:
        text: The file.
        tables: Whether tables of numbers, too, are another's.
    """
    head = text[:_HEAD]
    if (form := recognise(head)) is not None and form != "perf_stat_csv":  # whose sign is three columns, as of many
        return f"is {FORMATS[form].title}: cerberus-plan import FILE"
    return foreign(head, tables=tables)
