"""The console of all tables and sentences: text is printed as it is.

Models: rich reads ``[bold]`` and ``:smile:`` in any text as its own marks, and fails on a mark that closes nothing;
names of machines, instances and files come from strangers and may hold such marks.
Rule: no text is read for marks; what is to be bold says so by ``style``.
A table is never narrower than its longest words: a number that is cut is another number.
When not to use it: for progress bars, whose texts are ours.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cerberus_plan.reports.text.wrap import wrap

# Wider than any table: what a table could take.
_WIDEST = 10_000


def literal_console() -> Console:
    """A console on stdout that reads no marks and colours no numbers."""
    return Console(highlight=False, markup=False, emoji=False)


def print_whole(out: Console, table: Table) -> None:
    """Print a table at the console's width, or wider where that would cut a word or a number in two."""
    for column in table.columns:
        words = [word for text in (column.header, *column.cells) for word in str(text).split()]
        column.min_width = max(map(cell_len, words), default=0)  # rich would cut below it
    width = out.width
    out.width = max(width, table.__rich_measure__(out, out.options.update(max_width=_WIDEST)).minimum)
    try:
        out.print(table, crop=False)
    finally:
        out.width = width


def print_wrapped(out: Console, sentence: str, style: str = "") -> None:
    """Print a sentence in lines of the console's width, as ``wrap`` parts them."""
    out.print(Text("\n".join(wrap(sentence, out.width)), style=style))
