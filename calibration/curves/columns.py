"""Which column of a table counts cores and which holds throughput.

Rule: what the user says (``--columns cores=threads,value=ops``); else columns called ``n`` and ``value``; else the
only column called like a count of cores and the only one called like a rate, beside which its spread may stand
(``qps_stddev``). Anything else is refused with the names there are.
Assumption: a name such as ``threads`` or ``ops_per_sec`` means what it says. A time is never guessed: ``--time``,
or ``time=NAME``, says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports.results import axis_of
from cerberus_plan.model.errors import InputError

COUNT, VALUE = "n", "value"
COUNTS = (COUNT, "cores", "threads", "processes", "clients")  # what people may call n on the command line
RATE = re.compile(
    r"/s(?:ec)?$|per[ _]?s(?:ec(?:ond)?)?$|throughput|bandwidth"
    r"|(?<![a-z])(?:rate|[kmg]?ops|[kmg]?flops|[tqri]ps|iops|mb_s|gb_s)(?![a-z])",
    re.IGNORECASE,
)
TIME = re.compile(r"(?<![a-z])(?:time|seconds|secs?|elapsed|duration|wall|runtime)(?![a-z])", re.IGNORECASE)
# What is told of a rate beside it: how far runs of it were apart.
SPREAD = re.compile(
    r"(?<![a-z])(?:std[ _]?(?:dev|err(?:or)?)?|sd|sem?|err(?:or)?|var(?:iance)?|cv|ci\d*|iqr|mad|min|max|low(?:er)?"
    r"|high|upper|[+]/?-|±)(?![a-z])",
    re.IGNORECASE,
)
HOW = "--columns cores=NAME,value=NAME (or time=NAME)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the user said of a table.

    Attributes:
        n: the column that counts cores; None to find it.
        value: the column of throughput or time; None to find it.
        is_time: whether the value is a time.
        only: rows to use, by the text in a column.
    """

    n: str | None = None
    value: str | None = None
    is_time: bool = False
    only: Mapping[str, str] = field(default_factory=dict)


def parse(text: str | None, only: Sequence[str] = ()) -> Columns:
    """What ``--columns`` and ``--where`` say.

    Raises:
        InputError: not NAME=NAME, or a role that there is not.
    """
    said: dict[str, str] = {}
    for pair in re.split(r",(?=\w+=)", text) if text else ():
        role, equals, name = pair.partition("=")
        kind = COUNT if role.strip() in COUNTS else role.strip()
        if not equals or not name.strip() or kind not in (COUNT, VALUE, "time") or kind in said:
            raise InputError(f"--columns {text}: {pair!r} is not understood; give {HOW}, each once")
        said[kind] = name.strip()
    if VALUE in said and "time" in said:
        raise InputError(f"--columns {text}: a value is a throughput or a time, not both; leave one out")
    rows = {}
    for pair in only:
        name, equals, wanted = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--where {pair}: give COLUMN=TEXT to use only the rows with that text")
        rows[name.strip()] = wanted.strip()
    return Columns(n=said.get(COUNT), value=said.get("time", said.get(VALUE)), is_time="time" in said, only=rows)


def find(header: Sequence[str], columns: Columns, where: str, *, time: bool) -> tuple[int, int]:
    """Where n and the value stand in a header.

    Args:
        header: names of the columns.
        columns: what the user said.
        where: file and line, for messages.
        time: whether the value is a time.

    Raises:
        InputError: a column is missing, or several fit.
    """
    called = {COUNT: columns.n, VALUE: columns.value}
    shape = TIME if time else RATE
    fits = {
        COUNT: [i for i, cell in enumerate(header) if axis_of(cell.strip()) not in (None, "n")],
        VALUE: called_like(header, shape),
    }
    found = []
    for role in (COUNT, VALUE):
        name = called[role]
        fitting = named(header, name or role)
        if not fitting and name is None:
            fitting = fits[role]
        if len(fitting) != 1:
            _refuse(header, role, name, where)
        found.append(fitting[0])
    if found[0] == found[1]:
        raise InputError(f"{where}: column {header[found[0]]!r} cannot be both n and value; give {HOW}")
    return found[0], found[1]


def called_like(header: Sequence[str], shape: re.Pattern[str]) -> list[int]:
    """The columns of a shape, without those that tell the spread of another of them."""
    like = [i for i, cell in enumerate(header) if shape.search(cell.strip())]
    means = [i for i in like if not SPREAD.search(header[i])]
    return means if len(means) == 1 else like


def named(header: Sequence[str], name: str) -> list[int]:
    """The columns of that name, whatever the case."""
    return [i for i, cell in enumerate(header) if cell.strip().lower() == name.lower()]


def _refuse(header: Sequence[str], role: str, name: str | None, where: str) -> None:
    shown = f"{','.join(header)[:60]!r}"
    if name is not None:
        raise InputError(
            f"{where}: the header is {shown}, and exactly one column must be called {name!r}, as --columns says"
        )
    raise InputError(
        f"{where}: the header is {shown}; exactly one column must be called {role!r}, as in n,value; "
        f"or say which: {HOW}"
    )
