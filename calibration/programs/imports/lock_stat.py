"""/proc/lock_stat: waiting and holding of every kernel lock class, from a kernel with CONFIG_LOCK_STAT.

Shape (version 0.4): a header, rules, then for each class one row ``name: 12 numbers``, 10 without the averages in
version 0.3 (kernels before 3.14, RHEL 7 among them), (readers and writers apart
as ``name-R`` and ``name-W``; nested classes as ``name/1``), then up to 4 contended and 4 contending call sites
between short rules. Times are microseconds. Names hold spaces, brackets, ``&``, ``->`` and colons.
Counting must be on (``echo 1 > /proc/sys/kernel/lock_stat``) and cleared before (``echo 0 > /proc/lock_stat``).
Trap: the kernel runs slower with it; believe ratios and counts more than the last digit of times.
Source: Documentation/locking/lockstat.rst and kernel/locking/lockdep_proc.c of Linux.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

COLUMNS = (
    *("con-bounces", "contentions", "waittime-min", "waittime-max", "waittime-total", "waittime-avg"),
    *("acq-bounces", "acquisitions", "holdtime-min", "holdtime-max", "holdtime-total", "holdtime-avg"),
)
ROW = re.compile(r"^\s*(?P<name>\S.*?)(?P<mode>-[RW])?:\s*(?P<numbers>[\d.]+(?:\s+[\d.]+){3,})\s*$")
VERSION = re.compile(r"^lock_stat version (\S+)")
CALL_SITE = re.compile(r"\[<[^>]*>\]")
RULE = re.compile(r"^\s*[-.]+\s*$")
# version -> its columns; the averages came with 0.4
VERSIONS = {"0.4": COLUMNS, "0.3": tuple(name for name in COLUMNS if not name.endswith("-avg"))}
SIZES = {len(columns): columns for columns in VERSIONS.values()}
MODES = {None: "", "-R": "read", "-W": "write"}


def sniff(text: str) -> bool:
    """Whether it names itself, or is what ``grep : /proc/lock_stat`` leaves of it."""
    head = text[:20000].splitlines()
    return any(VERSION.match(line) or ((m := ROW.match(line)) and len(m["numbers"].split()) in SIZES) for line in head)


def parse(source: Source) -> Imported:
    """Every class with its acquisitions, contentions, waiting and hold time.

    Raises:
        InputError: another version, a row without its numbers, or no row at all.
    """
    locks = tuple(sorted(_locks(source), key=lambda lock: -lock.wait_s))
    if not locks:
        source.refuse(None, "no lock", "rows of 12 (or 10) numbers; is counting on (/proc/sys/kernel/lock_stat is 1)?")
    notes = [line.strip() for _, line in source.lines if line.startswith("*WARNING*")]
    return Imported(demands=(Demand(locks=locks, notes=tuple(notes), source=source.name),))


def _locks(source: Source) -> Iterator[LockUse]:
    columns: tuple[str, ...] | None = None
    for number, line in source.lines:
        if version := VERSION.match(line):
            if version[1] not in VERSIONS:
                source.refuse(number, f"version {version[1]}", f"lock_stat version {' or '.join(VERSIONS)}")
            columns = VERSIONS[version[1]]
        if version or _is_decoration(line):
            continue
        row = ROW.match(line)
        cells = row["numbers"].split() if row else []
        fitting = columns or SIZES.get(len(cells), COLUMNS)  # what grep left of it may lack the version
        if row is None or len(cells) != len(fitting):
            source.refuse(number, repr(line.strip()), f"name: and the {len(fitting)} numbers {' '.join(fitting)}")
        values = dict(zip(fitting, cells, strict=True))
        read = {name: source.number(cell, number, name) for name, cell in values.items()}
        yield LockUse(
            name=row["name"],
            kind=MODES[row["mode"]],
            contentions=read["contentions"],
            wait_s=read["waittime-total"] * 1e-6,
            acquisitions=read["acquisitions"],
            hold_s=read["holdtime-total"] * 1e-6,
        )


def _is_decoration(line: str) -> bool:
    """Rules, empty lines, the header, a warning, or a call site."""
    return (
        not line.strip()
        or RULE.match(line) is not None
        or line.startswith("*WARNING*")
        or line.rstrip().endswith(tuple(columns[-1] for columns in VERSIONS.values()))
        or CALL_SITE.search(line) is not None
    )
