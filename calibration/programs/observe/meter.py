"""How much work a run did: read from what the program wrote, or from the clock.

Kinds: the program prints a rate (throughput is that number), or a time for a fixed piece of work
(throughput is 1 / number), or nothing (throughput is 1 / wall-clock time).
Units of work in a run: rate x wall-clock time for a rate, else 1 run. The former counts start-up as if it were
work: make runs long against their start-up.
When several places match, the last counts: programs print progress before the result. A number that goes on behind the
match (an exponent, thousands, a multiple, another unit of time) is refused: what was found is a part of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from shlex import quote

from cerberus_plan.calibration.programs.observe.matching import last_match
from cerberus_plan.calibration.programs.observe.process import Finished
from cerberus_plan.calibration.programs.observe.rate_seen import rate_seen
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

# What a number with separators of thousands begins with, and goes on with: comma, apostrophe, spaces that do not break.
_GROUP, _GROUPED = re.compile(r"[-+]?\d{1,3}"), re.compile(r"(?:[,'\u00a0\u2009\u202f]\d{3})+(?!\d)")
_EXPONENT = re.compile(r"[eE][-+]?\d+")
_MULTIPLE = re.compile(r"[kKMGT](?![A-Za-z])")
_TIME = re.compile(r"[ \t]?(?:s|secs?|seconds?|ns|us|µs|μs|ms|min|minutes?)(?![A-Za-z_/])")
_OTHER_TIME = re.compile(r"[ \t]?(?:ns|us|µs|μs|ms|min|m|h)(?![A-Za-z_])")
# Beyond these nothing was measured, and products of them would not be numbers any more.
_LEAST, _MOST = 1e-100, 1e100
_LONGEST_UNIT = 60
_LONGEST_NUMBER = 400  # digits: no measurement has more


class Kind(Enum):
    """What is read."""

    RATE = "rate"
    SECONDS = "seconds"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Reads the throughput of a run.

    Attributes:
        kind: what the pattern finds, or `Kind.CLOCK` without one.
        pattern: its group ``value``, or else its first group, is the number.
        unit: name of a unit of work, such as ``request`` or ``run``.
    """

    kind: Kind = Kind.CLOCK
    pattern: re.Pattern[str] | None = None
    unit: str = "run"

    @classmethod
    def of(cls, *, rate: str | None = None, seconds: str | None = None, unit: str | None = None) -> Meter:
        """A meter from regular expressions as the user gave them.

        Args:
            rate: finds units of work per second.
            seconds: finds the time of one run [s].
            unit: name of a unit of work; ``run`` unless a rate is read.

        Raises:
            InputError: both are given, or one is no regular expression with a group.
        """
        if unit is not None and not (unit.strip() and unit.isprintable() and len(unit) <= _LONGEST_UNIT):
            raise InputError(f"--unit {shown(unit)} is no name of a unit of work, as `request` is")
        if rate is not None and seconds is not None:
            raise InputError("give --regex (a rate) or --time-regex (a time), not both")
        if rate is not None:
            return cls(kind=Kind.RATE, pattern=_compiled(rate), unit=unit or "operation")
        if seconds is not None:
            return cls(kind=Kind.SECONDS, pattern=_compiled(seconds), unit=unit or "run")
        return cls(unit=unit or "run")

    def throughput(self, run: Finished) -> float:
        """Units of work per second in this run.

        Raises:
            InputError: the pattern finds nothing, or no positive number.
        """
        if self.pattern is None:
            return 1.0 / run.elapsed_s
        match = last_match(self.pattern, run.output)
        if match is None:
            what = f"nothing in the output matches {shown(self.pattern.pattern)}{self._advice(run)}"
            raise InputError(f"{what}; it ends with\n{run.tail}")
        group = "value" if "value" in self.pattern.groupindex else 1
        text = match.group(group) or ""
        value = _number(text)
        if match.end(group) == match.end():
            self._whole(text, match.string, match.end())
        if value is None:
            raise InputError(
                f"{shown(self.pattern.pattern)} finds {shown(text)}, which is no positive number; "
                "put the brackets around digits only, without separators of thousands (`sh -c 'PROGRAM | tr -d ,'` "
                "takes them out)"
                + ("; decimal commas go with `env LC_ALL=C` before the program" if "," in text else "")
            )
        if not _LEAST <= value <= _MOST:
            raise InputError(
                f"{shown(self.pattern.pattern)} finds {shown(text)}, which no program does: {_LEAST:g} to {_MOST:g}"
            )
        return value if self.kind is Kind.RATE else 1.0 / value

    def _advice(self, run: Finished) -> str:
        """The expression that would read a rate in the output, if there is one."""
        seen = rate_seen(run.output) if self.kind is Kind.RATE else None
        return "" if seen is None else f"; try --regex {quote(seen.regex)}"

    def _whole(self, text: str, output: str, end: int) -> None:
        """Refuse what is only the beginning of a number.

        Raises:
            InputError: The output goes on with more of it.
        """
        goes_on = {
            "thousands? Let the program print plain digits, or take its commas out with `| tr -d ,`; where another "
            "number follows, put its comma into the pattern": _GROUPED if _GROUP.fullmatch(text) else None,
            "take its exponent into the brackets, as in ([0-9.eE+-]+)": _EXPONENT if text[-1:].isdigit() else None,
            "thousands or millions? Let the program print plain digits, or put the letter into the pattern if it is "
            "always the same": _MULTIPLE if text[-1:].isdigit() else None,
            "seconds are read here; let the program print them": _OTHER_TIME if self.kind is Kind.SECONDS else None,
            "a time? --time-regex of observe and tune reads seconds; if it is a rate, put what follows it into the "
            "pattern": _TIME if self.kind is Kind.RATE else None,
        }
        for advice, more in goes_on.items():
            if more is not None and (after := more.match(output, end)):
                found = f"{shown(text)} of {shown(text + after[0])}"
                raise InputError(f"{shown(self.pattern.pattern if self.pattern else '')} finds {found}: {advice}")

    def work(self, run: Finished) -> float:
        """Units of work done in this run.

        Raises:
            InputError: as `throughput`.
        """
        return self.throughput(run) * run.elapsed_s if self.kind is Kind.RATE else 1.0


def _number(text: str) -> float | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0.0 else None


def _compiled(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"{shown(text)} is no regular expression: {error}") from error
    if not pattern.groups:
        raise InputError(f"{shown(text)} has no brackets around the number, as in 'ops/s: ([0-9.]+)'")
    return pattern
