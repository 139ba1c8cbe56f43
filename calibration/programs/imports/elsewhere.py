"""Files that another command reads: which one, told by their shape.

Only what can be told surely is; a file of any other shape gets the list of formats. When not to use it: to read them.
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports.other_tools import other_tool

_CELL = r"\s*(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-|nan|NaN|n/a)?\s*"
_MATRIX_ROW = re.compile(rf"(?:{_CELL}[,;\t]){{2,}}{_CELL}")
_DELIMITERS = ",;\t"
MATRIX = "looks like a matrix of latencies between cores"
OF_A_MACHINE = ", which describes a machine: cerberus-plan calibrate --import FILE"
_HEAD = 20_000  # characters that tell the shape


def elsewhere(text: str) -> str | None:
    """What the file is and the command for it, to go behind its name; None where that is not known."""
    head = text[:_HEAD]
    lines = _filled(head)
    return next(filter(None, (_machine(head, lines), _own(head), other_tool(head), _table(lines))), None)


def foreign(text: str, *, tables: bool = True) -> str | None:
    """The same of files that this program did not write: for readers of its own, in whose files there is a slip."""
    head = text[:_HEAD]
    lines = _filled(head)
    of_ours = (
        not tables or head.lstrip().startswith(("{", "[")) or any(re.match(r"\s*[\w.-]+\s*=", line) for line in lines)
    )
    table = None if of_ours else _table(lines)
    return next(filter(None, (_machine(head, lines if tables else []), other_tool(head), table)), None)


def _filled(head: str) -> list[str]:
    return [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _machine(head: str, lines: list[str]) -> str | None:
    """Topologies and matrices of latencies."""
    if "BogoMIPS" in head and "Thread(s) per core" not in head and not re.search(r"^processor\s*:", head, re.MULTILINE):
        return "is the output of lscpu, but in another language or cut short: repeat with LC_ALL=C lscpu -e"
    what = None
    if "<topology" in head and "<object" in head:
        what = "is a topology of lstopo"
    elif re.search(r"^Architecture:|^CPU\(s\):|\"lscpu\"\s*:", head, re.MULTILINE):
        what = "is the output of lscpu"
    elif sum(_MATRIX_ROW.fullmatch(line) is not None for line in lines) >= max(2, len(lines) - 2):
        what = MATRIX
    return None if what is None else what + OF_A_MACHINE


def _own(head: str) -> str | None:
    """What this program writes."""
    shapes = {
        r'"format"\s*:\s*"cerberus-plan (?:profile|calibration)': "is a calibrated machine: use it as --machine FILE",
        r'"format"\s*:\s*"cerberus-plan deployment|"instances"\s*:.*"host_cpus"': "is a plan: cerberus-plan audit FILE",
        r"(?m)^\[operations": "is a workload: use it as --workload FILE",
        r"(?m)^\[(?:topology|costs|limits)": "is a machine: use it as --machine FILE",
    }
    return next((saying for shape, saying in shapes.items() if re.search(shape, head, re.DOTALL)), None)


def _table(lines: list[str]) -> str | None:
    """A header of names over rows of numbers: a curve, or a table of splits."""
    if len(lines) < 2:
        return None
    delimiter = max(_DELIMITERS, key=lines[0].count)
    names = [cell.strip().strip('"').lower() for cell in lines[0].split(delimiter)]
    cells = [cell.strip().strip('"') for cell in lines[1].split(delimiter)]
    if len(names) < 2 or len(cells) != len(names) or not any(re.match(r"-?\d", cell) for cell in cells):
        return None
    if not any(re.search("[a-z]", name) for name in names):
        return None
    if {"instances", "vms"} & set(names):
        return "is a table of measured splits: cerberus-plan fit FILE"
    if {"n", "value"} <= set(names):
        return "is a curve already: cerberus-plan fit FILE"
    return (
        f"is a table with the columns {', '.join(names)[:80]}; if it is a curve: "
        "cerberus-plan fit FILE --columns cores=NAME,value=NAME"
    )
