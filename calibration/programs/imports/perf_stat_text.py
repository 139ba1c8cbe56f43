"""``perf stat`` as people see it: a title, one counter a line in words and columns, the time elapsed.

Shape: ``Performance counter stats for './prog 4' (3 runs):``, lines ``1,204.27 msec task-clock  # 3.697 CPUs
utilized``, then ``0.325 seconds time elapsed``, ``seconds user``, ``seconds sys``; under -I ``# time counts unit
events`` and the time in front of each line. Numbers have the separators of the user's language: the last one is
decimal where two kinds stand or where what follows it are not three digits. Several titles are several runs, a
demand each.
Traps: what the program itself printed may stand around and among the lines; ``-x,`` or ``-j`` say more (running
times).
Source: perf-stat(1); output of perf 3.10 to 6.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cerberus_plan.calibration.programs.demand import Demand
from cerberus_plan.calibration.programs.imports.perf_events import Count, demand_of
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

TITLE = re.compile(r"^\s*Performance counter stats for\s+(.*?)\s*(?:\((\d+) runs\))?\s*:?\s*$")
INTERVALS = re.compile(r"^#\s+time\b.*\bcounts\b")
SPACES = "\u00a0\u202f\u2009'\u2019"  # between thousands, in some languages
# a plain blank stands between groups of three digits alone: it also stands between columns
NUMBER = rf"(?:\d{{1,3}}(?: \d{{3}})+(?![\d.])(?:,\d+)?|\d[\d.,{SPACES}]*)"
UNIT = r"msec|ns|us|usec|Joules|[KMG]iB|MB/s|C|Bytes|GHz|%"
ROW = re.compile(
    rf"^\s*(?P<time>\d+[.,]\d{{9}}\s+)?(?P<place>CPU\d+\s+|[SND]\d[\w-]*\s+(?:\d+\s+)?|\S.*?-\d+\s+)?"
    rf"(?P<value>{NUMBER}|<not (?:counted|supported)>)\s+(?:(?P<unit>{UNIT})\s+)?"
    r"(?P<event>[A-Za-z_][^\s#(]*(?<!,))(?P<msec>\s+\(msec\))?\s*(?P<rest>(?:#|\(|\[).*)?$"
)
TIMES = re.compile(rf"^\s*(?P<value>{NUMBER})\s+(?:\+-\s+\S+\s+)?seconds\s+(?P<what>time elapsed|user|sys)")
BUSY = re.compile(rf"#\s*({NUMBER})\s+CPUs? utilized")
RUNNING = re.compile(r"[(\[]\s*(\d+[.,]\d+)\s*%\s*[)\]]\s*$")
FIELDS = {"time elapsed": "elapsed_s", "user": "user_s", "sys": "system_s"}


def sniff(text: str) -> bool:
    """Whether its title or the heading of its intervals is there."""
    return any(TITLE.match(line) or INTERVALS.match(line) for line in text.splitlines())


def parse(source: Source) -> Imported:
    """The demand of each run.

    Raises:
        InputError: no counter and no time under a title.
    """
    demands = tuple(_demand(source, title, lines) for title, lines in _blocks(source))
    if not demands:
        source.refuse(None, "no title", "Performance counter stats for ... as perf stat prints it")
    return Imported(demands=demands)


def _blocks(source: Source) -> list[tuple[str, list[tuple[int, str]]]]:
    """The lines under each title; intervals have only a heading, which comes again and again."""
    blocks: list[tuple[str, list[tuple[int, str]]]] = []
    for number, line in source.lines:
        if title := TITLE.match(line):
            if blocks and not blocks[-1][0]:  # the summary of the intervals before it
                blocks[-1] = (title[1], blocks[-1][1])
            else:
                blocks.append((title[1], []))
        elif INTERVALS.match(line) and not blocks:
            blocks.append(("", []))
        elif blocks:
            blocks[-1][1].append((number, line))
    return blocks


def _demand(source: Source, title: str, lines: Sequence[tuple[int, str]]) -> Demand:
    whole = re.match(r"'(system wide|CPU\(s\) .*)'", title)
    name, known = source.name, dict[str, Any]()
    for number, line in lines:
        if times := TIMES.match(line):
            known.setdefault(FIELDS[times["what"]], _amount(source, number, times["value"], "sec"))
    if title and not whole:
        name = f"{source.name}: {title}"
    rows = list(_counts(source, lines, title if whole else ""))
    if not rows and not known:
        source.refuse(lines[0][0] if lines else None, "no counter", "lines such as 1,204.27 msec task-clock")
    return replace(demand_of(source, rows, **known), source=name)


def _counts(source: Source, lines: Sequence[tuple[int, str]], whole: str) -> Iterator[Count]:
    before, now = 0.0, 0.0
    for number, line in lines:
        row = ROW.match(line)
        if row is None or TIMES.match(line):
            continue
        time, rest = row["time"], row["rest"] or ""
        if time is not None and (at := float(time.replace(",", "."))) != now:
            before, now = now, at
        unit = "msec" if row["msec"] else (row["unit"] or "")
        value = None if row["value"].startswith("<") else _amount(source, number, row["value"], unit)
        busy, running = BUSY.search(rest), RUNNING.search(rest)
        share = None if busy is None else _amount(source, number, busy[1], "sec")
        if share is None and time is not None and now > before and unit == "msec":
            share = (value or 0.0) * 1e-3 / (now - before)
        place = (row["place"] or "").strip()
        yield Count(
            line=number,
            event=row["event"],
            value=value,
            unit=unit,
            running=100.0 if running is None else float(running[1].replace(",", ".")),
            busy=share,
            interval=time is not None,
            place=whole or ("" if re.search(r"-\d+$", place) and not re.match(r"[SND]\d", place) else place),
        )


def _amount(source: Source, line: int, text: str, unit: str) -> float:
    """A number written with the separators of some language; what counts has no fraction, times have one."""
    text = text.strip().translate({ord(space): None for space in f" {SPACES}"})
    marks = re.findall(r"[.,]", text)
    fraction = text.rpartition(marks[-1])[2] if marks else ""
    is_decimal = bool(marks) and marks.count(marks[-1]) == 1
    if is_decimal and len(set(marks)) == 1 and len(fraction) == 3 and unit in ("", "ns", "Bytes"):
        is_decimal = False
    digits = re.sub(r"[.,]", "", text)
    whole = digits[: -len(fraction)] + "." + fraction if is_decimal and fraction else digits
    return source.number(whole, line, "a counted number")
