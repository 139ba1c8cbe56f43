"""``lscpu -e``, ``lscpu -p`` and ``lscpu -e -J``: one row a CPU.

Shape: columns CPU, NODE, SOCKET, CORE and either ``L1d:L1i:L2:L3`` or one column a cache; ONLINE where some are not.
Numbers are the system's; a dash or nothing stands for unknown. CPUs that share no L3 count as sharing their socket's.
A core is its number within a socket and an L2 cache: siblings share that, and where clusters of cores lie side by side
(Arm) each numbers its cores anew.
When not to use it: to learn memory sizes or kinds of cores, which lscpu does not tell.
Source: lscpu(1) of util-linux 2.38.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.host.topology import number_groups
from cerberus_plan.calibration.programs.imports.described_machine import Described
from cerberus_plan.calibration.programs.imports.json_source import load
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from cerberus_plan.calibration.programs.imports.source import Source

    # line where the row is, and its cells by column name in lower case
    Row = tuple[int | None, dict[str, str]]

_EXPECTED = "the output of lscpu -e, with the columns CPU and CORE"


def sniff(text: str) -> bool:
    """Whether there is a row a CPU: a table with a heading, or the JSON of one."""
    start = text.lstrip()
    if start.startswith("{"):
        return '"cpus"' in start[:200] and '"cpu"' in start[:400]
    return any(_is_heading(_heading(line)) for line in text.split("\n")[:20])


def _heading(line: str) -> list[str]:
    """Column names in lower case; ``lscpu -p`` writes them behind a hash, with commas."""
    line = line.strip().lower()
    return [name.strip() for name in line.lstrip("# ").split(",")] if "," in line else line.split()


def _is_heading(names: list[str]) -> bool:
    return {"cpu", "core"} <= set(names) and names[0] == "cpu"


def read(source: Source) -> Described:
    """The machine that the rows describe.

    Raises:
        InputError: No row, a number that is none, a column missing, or a CPU twice.
    """
    rows = _json_rows(source) if source.text.lstrip().startswith("{") else _text_rows(source)
    online = [row for row in rows if row[1].get("online", "yes").lower() not in {"no", "n", "false"}]
    if not online:
        source.refuse(None, "no CPU that is online", _EXPECTED)
    cpus = tuple(_number(source, row, "cpu") for row in online)
    sockets = [_number(source, row, "socket", absent=0) for row in online]
    nodes = tuple(_number(source, row, "node", absent=0) for row in online)
    cores = [_number(source, row, "core") for row in online]
    caches = [_cache(row[1], "l3") for row in online]
    off = sorted(_number(source, row, "cpu") for row in rows if row not in online)
    try:
        topology = Topology(
            cpus=cpus,
            sockets=number_groups(sockets),
            numa_nodes=nodes,
            l3_groups=number_groups(
                (socket, node, cache) if cache else (socket, node)
                for socket, node, cache in zip(sockets, nodes, caches, strict=True)
            ),
            cores=number_groups(zip(sockets, cores, (_cache(row[1], "l2") for row in online), strict=True)),
        )
    except InputError as error:
        raise InputError(f"{source.name}: {error}") from error
    return Described(topology=topology, notes=[f"CPUs {cpu_list(off)} are offline and are left out"] if off else [])


def _text_rows(source: Source) -> list[Row]:
    names: list[str] = []
    rows: list[Row] = []
    for number, line in source.lines:
        if not names:
            names = _heading(line) if _is_heading(_heading(line)) else []
            continue
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")] if "," in line else line.split()
        if len(cells) != len(names):
            source.refuse(number, counted(len(cells), "cell"), f"{len(names)}, one for each column of the heading")
        rows.append((number, dict(zip(names, cells, strict=True))))
    return rows


def _json_rows(source: Source) -> list[Row]:
    record = load(source).value
    rows = record.get("cpus") if isinstance(record, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        source.refuse(None, "no list of cpus", "the output of lscpu -e -J")
    # booleans and null as the text tables write them
    words = {True: "yes", False: "no", None: "-"}
    return [
        (
            None,
            {
                str(key).lower(): words[value] if value is None or isinstance(value, bool) else str(value)
                for key, value in row.items()
            },
        )
        for row in rows
    ]


def _cache(cells: dict[str, str], level: str) -> str:
    """Number of the cache of a level (``l2``, ``l3``), empty when there is none."""
    if level in cells:
        found = cells[level]
    else:
        together = next((name for name in cells if ":" in name and level in name.split(":")), "")
        parts, names = cells.get(together, "").split(":"), together.split(":")
        found = parts[names.index(level)] if together and len(parts) == len(names) else ""
    return "" if found == "-" else found


def _number(source: Source, row: Row, column: str, *, absent: int | None = None) -> int:
    """The number in a column; ``absent`` where it is unknown and may be."""
    line, cells = row
    text = cells.get(column, "-")
    if text in {"-", ""} and absent is not None:
        return absent
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        source.refuse(line, f"{column} {text!r}", f"a whole number; {_EXPECTED}")
    return int(text)
