"""Tune: run the split that decides most, look again, stop when sure; repeat the best two where noise keeps them close.

A first pass runs different splits, chosen by the posterior (`calibration.splits.search`). Then, where the chosen split
and the best other one that was run differ by less than `CLOSE`, or by less than their runs scatter, rounds run both
again, in turns and in alternating order, so that what drifts over minutes hits both; they end when the difference is
clear, or after so many runs of each as allowed.
When not to use it: where a run changes what the next one finds (a database that fills up): reset it in the command.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.search import Search
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.planner.tune.run_split import SplitRun

# Splits further apart than this in throughput need no repeat on a usable host.
CLOSE = 0.1
# Standard errors that make a difference clear.
CLEAR = 2.0

Run = Callable[[Split], SplitRun]


def tune(search: Search, run: Run, *, repeats: int) -> Iterator[SplitRun]:
    """Runs as they end; the search knows each before it is given out.

    Args:
        search: candidates, budget, target; learns from every run.
        run: runs one split.
        repeats: runs of one split at most.
    """
    while (split := search.wanted()) is not None:
        yield _taken(search, run(split))
    for turn in range(1, repeats):
        rivals = close_rivals(search)
        for split in rivals if turn % 2 else rivals[::-1]:
            yield _taken(search, run(split))
        if not rivals:
            return


def close_rivals(search: Search) -> tuple[Split, ...]:
    """The chosen split and the best other one that was run, when noise may have ordered them; none otherwise."""
    if len(search.different) < 2:
        return ()
    measured = Measured.of(search.runs)
    ranked = [int(i) for i in measured.log_value.argsort(kind="stable")[::-1]]
    first = measured.splits.index(search.best) if search.best in measured.splits else ranked[0]
    second = next(i for i in ranked if i != first)
    gap = abs(float(measured.log_value[first] - measured.log_value[second]))
    error = math.hypot(measured.standard_error[first], measured.standard_error[second])
    repeated = min(measured.repeats[first], measured.repeats[second]) > 1
    if gap > CLEAR * error and (repeated or gap > CLOSE):
        return ()
    return measured.splits[first], measured.splits[second]


def _taken(search: Search, done: SplitRun) -> SplitRun:
    search.add(Measurement(instances=done.split[0], cores_per_instance=done.split[1], value=done.throughput))
    return done
