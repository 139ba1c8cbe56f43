"""Does the measurement agree with the prediction, and what follows from it?

Rule: they disagree where their 90 % intervals do not meet. They agree where these meet and the measured one is narrow
enough to have missed the other: no wider than it, or than 10 %. Else the measurement cannot tell.
Where others kept the CPUs busy, or runs are mostly the start of the program, something else was measured: then nothing
is said to agree or to disagree.
When not to use it: to compare two measurements.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cerberus_plan.calibration.programs.observe.observation import NOISE, SHORT_S
from cerberus_plan.model.digits import percent
from cerberus_plan.planner.verify.rounds import Ratio, Sample

AGREE, DISAGREE, CANNOT_TELL = "agree", "disagree", "cannot tell"
# Exit code of a verification in which a prediction was refuted.
DISAGREEMENT = 4
# Width of a measured interval, as a difference of logarithms, that is narrow whatever was predicted.
NARROW = math.log(1.1)
# The most rounds that `verify` makes.
MOST_ROUNDS = 1000
# Runs of so many seconds tell little of a program's start; the kernel counts in ticks.
_ENOUGH_S, _TICK_S = 2.0, 0.01
PRESSURE = Path("/proc/pressure/cpu")
# Share of the last ten seconds in which somebody waited for a CPU, above which a start is ill-timed.
PRESSED = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One of `AGREE`, `DISAGREE`, `CANNOT_TELL`; which side to trust, and what to do next."""

    verdict: str
    trust: str
    next: str


def judge(measured: Ratio | None, predicted: Ratio | None, samples: Sequence[Sample]) -> Judgement | None:
    """What a measured ratio says of a predicted one; None where there is no prediction.

    Args:
        measured: ratio to one big instance, None when it was not reached.
        predicted: the same, of the model.
        samples: all runs of the verification.
    """
    if predicted is None:
        return None
    if measured is None or measured.low is None or measured.high is None:
        return _cannot_tell("fewer than two counted rounds", "verify with --rounds 7 or more")
    if (doubt := next(_doubts(samples), None)) is not None:
        return _cannot_tell(*doubt)
    apart = _apart(measured, predicted)
    if apart:
        return Judgement(
            verdict=DISAGREE,
            trust="the measurement: the host was quiet and the rounds alike",
            next="keep it with --record WORKLOAD: the plan then passes through it",
        )
    if _width(measured) > max(_width(predicted), NARROW):
        wide = f"the measured interval {measured.low:.2f} to {measured.high:.2f} is too wide to refute anything"
        return _cannot_tell(f"{wide}{_anyhow(measured)}", _more_rounds(measured, predicted, samples))
    return Judgement(verdict=AGREE, trust="both", next="nothing")


def doubts(samples: Sequence[Sample]) -> Iterator[str]:
    """Why these runs say little, the most serious first."""
    return (reason for reason, _ in _doubts(samples))


def _doubts(samples: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    """The same, each with what would end the doubt."""
    counted = [sample for sample in samples if sample.round > 0]
    others = statistics.median(sample.others for sample in counted) if counted else 0.0
    if others > NOISE:
        yield (
            f"other programs or the hypervisor took {percent(min(others, 1.0))} of these CPUs' time",
            f"end them and verify again: below {percent(NOISE)} a run counts, and no number of rounds makes up for it",
        )
    shortest = min((sample.seconds for sample in samples), default=math.inf)
    if shortest < SHORT_S:
        yield (
            f"the shortest run took {shortest:.2f} s: starting the program is measured",
            f"verify with {math.ceil(_ENOUGH_S / max(shortest, _TICK_S))} times the work a run",
        )


def pressure(file: Path = PRESSURE) -> str | None:
    """A sentence when this host is busy before we begin, None when it is not or the kernel does not say."""
    try:
        some = file.read_text().splitlines()[0]
        share = float(some.partition("avg10=")[2].split()[0]) / 100.0
    except (OSError, IndexError, ValueError):  # kernels before 4.20, or built without pressure stall information
        return None
    return (
        f"this host is busy: programs waited for a CPU {percent(share)} of the last 10 s" if share > PRESSED else None
    )


def _cannot_tell(why: str, advice: str) -> Judgement:
    return Judgement(verdict=CANNOT_TELL, trust=f"neither yet: {why}", next=advice)


def _apart(measured: Ratio, predicted: Ratio) -> bool:
    """Whether the intervals do not meet; one that is not known is the value itself."""
    (low, high), (low_p, high_p) = _ends(measured), _ends(predicted)
    return low > high_p or high < low_p


def _ends(ratio: Ratio) -> tuple[float, float]:
    low = ratio.value if ratio.low is None else ratio.low
    return low, ratio.value if ratio.high is None else ratio.high


def _width(ratio: Ratio) -> float:
    low, high = _ends(ratio)
    return math.log(high / low)


def _anyhow(measured: Ratio) -> str:
    """What the runs say without any prediction."""
    low, high = _ends(measured)
    if low > 1.0 or high < 1.0:
        return f"; the runs do show that the split is {'faster' if low > 1.0 else 'slower'} than one big instance"
    return ""


def _more_rounds(measured: Ratio, predicted: Ratio, samples: Sequence[Sample]) -> str:
    """Rounds after which the interval should be narrow enough (it shrinks with their square root), and their time."""
    rounds = max(sample.round for sample in samples)
    wanted = math.ceil(rounds * (_width(measured) / max(_width(predicted), NARROW)) ** 2)
    minutes = wanted * sum(sample.seconds for sample in samples) / (rounds + 1) / 60.0
    if wanted > MOST_ROUNDS:
        return f"{wanted:,} rounds would tell, more than may be asked for: give each run more work, or quieten the host"
    return f"verify with --rounds {wanted}, {'under a minute' if minutes < 1.0 else f'about {minutes:.0f} min'}"
