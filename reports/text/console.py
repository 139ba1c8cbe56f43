"""The console of all tables and sentences: text is printed as it is.

Models: rich reads ``[bold]`` and ``:smile:`` in any text as its own marks, and fails on a mark that closes nothing;
names of machines, instances and files come from strangers and may hold such marks.
Rule: no text is read for marks; what is to be bold says so by ``style``.
When not to use it: for progress bars, whose texts are ours.
"""

from __future__ import annotations

from rich.console import Console


def literal_console() -> Console:
    """A console on stdout that reads no marks and colours no numbers."""
    return Console(highlight=False, markup=False, emoji=False)
