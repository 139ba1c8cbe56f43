"""Files that another command reads: which one, told by their shape.

Only what can be told surely is; a file of any other shape gets the list of formats. When not to use it: to read them.
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports.other_tools import other_tool

_CELL = r"\s*(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-|nan|NaN|n/a)?\s*"
_MATRIX_ROW = re.compile(rf"(?:{_CELL}[,;\t]){{2,}}{_CELL}")
_CPU = re.compile(r"(?:cpu|core|thread)[\s_-]*\d+")
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
    elif _is_matrix(lines):
        what = MATRIX
    return None if what is None else what + OF_A_MACHINE


def _is_matrix(lines: list[str]) -> bool:
    """Rows of numbers, all but two, without names of columns: those make a table, unless they name CPUs."""
    rest = [line for line in lines if not _MATRIX_ROW.fullmatch(line)]
    if len(lines) - len(rest) < max(2, len(lines) - 2):
        return False
    return not any(_is_header(line, _cells(lines[-1])) for line in rest)


def _is_header(line: str, below: list[str]) -> bool:
    """Whether a line holds as many names as there are cells below it, one of them of something else than a CPU."""
    names = _cells(line)
    return len(names) == len(below) and any(re.search("[a-z]", name) and not _CPU.fullmatch(name) for name in names[1:])


def _cells(line: str) -> list[str]:
    """The cells of a line of a table, in small letters and without quotes."""
    delimiter = max(_DELIMITERS, key=line.count)
    return [cell.strip().strip('"').lower() for cell in line.split(delimiter)]


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
    names, cells = _cells(lines[0]), _cells(lines[1])
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
