"""A search for the best split by few runs: which to run next, when to stop, what to choose.

Pure bookkeeping, no clock and no process: whoever runs the splits asks `wanted`, runs it, and says what it gave.
Stops when the choice is sure, all candidates have been run, or so many different splits as the budget allows. Sure
means: the expected regret is at most the target, and the chosen split and its neighbours among the candidates have been
run; a forecast alone has called a peak that stood beside a higher one.
Assumptions: the candidates are alike in everything but throughput. When not to use it: to trace a whole curve.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.calibration.curves.posterior import Forecast
from cerberus_plan.calibration.splits.decide import Outlook, look
from cerberus_plan.calibration.splits.design import next_split
from cerberus_plan.calibration.splits.fit import SplitForecast, forecasts
from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.posterior import weigh
from cerberus_plan.calibration.splits.prior import Prior, shipped
from cerberus_plan.model.measurement import Measurement

# Fewer different splits say nothing about ratios.
LEAST_RUNS = 2


class Search:
    """What has been run so far, and what follows.

    Args:
        candidates: splits to choose from.
        budget: different splits that may be run.
        target: expected regret at which to stop.
        prior: what is believed before; the shipped one by default.
    """

    def __init__(
        self,
        *,
        candidates: Sequence[Split],
        budget: int,
        target: float,
        prior: Prior | None = None,
    ) -> None:
        self.candidates = tuple(sorted(set(candidates)))
        self.budget = min(budget, len(self.candidates))
        self.target = target
        self.runs: list[Measurement] = []
        self._prior = prior or shipped()
        self._forecast, self._outlook = self._look()

    def forecasts(self) -> tuple[SplitForecast, ...]:
        """Value, interval, probability of being best and regret of every candidate; one run at least."""
        measured = Measured.of(self.runs)
        return forecasts(self._forecast, self._prior.widening, measured, self.candidates, self._outlook)

    def _look(self) -> tuple[Forecast, Outlook]:
        measured = Measured.of(self.runs) if self.runs else None
        forecast = weigh(measured, self._prior).predict(self.candidates)
        return forecast, look(forecast, measured, self.candidates)

    def add(self, run: Measurement) -> None:
        """One more run, of any split."""
        self.runs.append(run)
        self._forecast, self._outlook = self._look()

    @property
    def different(self) -> set[Split]:
        """Splits that were run."""
        return {(run.instances, run.cores_per_instance) for run in self.runs}

    @property
    def best(self) -> Split:
        """The split to use."""
        return self.candidates[self._outlook.choice]

    @property
    def regret(self) -> float:
        """Expected regret of the best."""
        return float(self._outlook.regret[self._outlook.choice])

    @property
    def sure(self) -> bool:
        """Whether the target is reached by what was run, the choice and its neighbours among it."""
        return len(self.different) >= LEAST_RUNS and self.regret <= self.target and not self._open_around()

    def _open_around(self) -> list[int]:
        """The choice and its neighbours, as far as they have not been run."""
        choice = self._outlook.choice
        around = range(max(choice - 1, 0), min(choice + 2, len(self.candidates)))
        return [i for i in around if not self._outlook.measured[i]]

    def wanted(self) -> Split | None:
        """The split to run next; None when it is time to choose."""
        left = self.budget - len(self.different)
        if left <= 0 or self.sure:
            return None
        if len(self.different) >= LEAST_RUNS and self.regret <= self.target:
            return self.candidates[min(self._open_around(), key=lambda i: float(self._outlook.regret[i]))]
        chosen = next_split(self._outlook, left=left)
        return None if chosen is None else self.candidates[chosen]
