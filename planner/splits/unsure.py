"""When a plan cannot tell: which split to run, or how much a split does; and the runs that would tell most.

Models: two doubts that are not the same. The regret of the recommended split says what the *choice* may lose; it is
small where all splits may turn out alike, though nobody knows how much they do. The interval of a split says how
much it does. Splits far beyond the runs have both ends of what two cores could not show: a lock under a fifth of the
work is unseen there and bounds 32 cores at five times one.
Rule: the choice cannot be told where the recommended split is expected to lose more than `TOO_UNSURE`. How much it
does cannot be told, for a plan that extends runs, where the ends of its 90 % interval are more than `TOO_WIDE` apart,
that is where it is not known within a factor of two. The best single instance, which the verdict compares with, is
held to the same.
Assumptions: the intervals hold (they were checked on families of programs left out, `calibration.splits.interval`).
When not to use it: for plans without runs, whose interval is the model's own stated error (`planner.splits.situation`).
Source: expected opportunity loss, Raiffa and Schlaifer (1961).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from cerberus_plan.model.digits import counted, ends, percent
from cerberus_plan.model.structure import System
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.planner.splits.joint import Joint
from cerberus_plan.planner.splits.runs import Runs, command

# Expected loss beyond which a recommendation is only a guess.
TOO_UNSURE = 0.15
# Ratio of the ends of an interval beyond which its middle is no promise: not known within a factor of two.
TOO_WIDE = 4.0


def cannot_tell(
    best: Candidate,
    candidates: Sequence[tuple[int, Candidate]],
    joint: Joint,
    *,
    systems: Mapping[str, System],
    cores: int,
    runs: Runs,
) -> str:
    """What cannot be told of the recommended split, and the runs that would tell most; nothing where all can.

    Args:
        best: The recommended split.
        candidates: All, each with its row in the evaluation.
        joint: Samples of the compared rows.
        systems: By name.
        cores: That are planned for.
        runs: What the plan extends; none of a plan by demands alone.
    """
    if best.regret > TOO_UNSURE:
        doubt = f": the best guess is expected to lose {percent(best.regret)} against the best split"
    elif runs.splits and too_wide(best):
        doubt = f" how much: {describe(best, systems)} may do {_ends(best)}"
    else:
        return ""
    known = runs.hold if best.regret > TOO_UNSURE else runs.of_split
    wanted = [best, _rival(best, candidates, joint, known)]
    return (
        f"Cannot tell{doubt}; measure on {counted(cores, 'core')}, first {_first(wanted, systems, runs)}. Until then: "
    )


def _first(wanted: Sequence[Candidate], systems: Mapping[str, System], runs: Runs) -> str:
    """The splits that were not run yet, and the command that runs them: contention is all systems' doubt.

    Where they were, what is left is how another system does them, which no run of ours tells; else they are run again.
    """
    if any(candidate.overcommit > 1.0 for candidate in wanted):  # no run of ours has more threads than cores
        return _all(describe(candidate, systems) for candidate in wanted)
    new = [candidate for candidate in wanted if not runs.of_split(candidate)]
    other = [candidate for candidate in wanted if not runs.hold(candidate)]
    if other and not new:
        return _all(describe(candidate, systems) for candidate in other)
    splits = list(dict.fromkeys((candidate.vms, candidate.split[0]) for candidate in new or wanted[:1]))
    return f"{_all(f'{m} x {k}' for m, k in splits)}{'' if new else ' again'} ({command(splits)})"


def _all(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def unknown_single(best: Candidate, single: Candidate | None, systems: Mapping[str, System]) -> str:
    """What cannot be told of the best single instance, where the recommended split of a plan that extends runs can."""
    if single is None or single is best or too_wide(best) or not too_wide(single):
        return ""
    name = describe(single, systems)
    how = "" if single.overcommit > 1.0 else f" ({command([(1, single.cores)])})"
    return f" Cannot tell how much {name} does, {_ends(single)}: measure it{how} before relying on the comparison."


def too_wide(candidate: Candidate) -> bool:
    """Whether the throughput is not known within a factor of two."""
    return candidate.high > TOO_WIDE * candidate.low


def _ends(candidate: Candidate) -> str:
    return f"anything from {ends(candidate.low, candidate.high)}"


def _rival(
    best: Candidate, candidates: Sequence[tuple[int, Candidate]], joint: Joint, known: Callable[[Candidate], bool]
) -> Candidate:
    """The candidate that is expected to gain most on the best where it is ahead of it, one that is not known."""
    chosen = next(row for row, candidate in candidates if candidate is best)
    lead = np.maximum(-joint.lead(chosen), 0.0).mean(axis=1)
    gain = dict(zip(joint.rows.tolist(), lead.tolist(), strict=True))
    new = [entry for entry in candidates if not known(entry[1])]
    return max(new, key=lambda entry: gain.get(entry[0], 0.0))[1] if new else best
