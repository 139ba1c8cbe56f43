"""The JSON document of fitted splits; its keys are a contract: add, never rename.

With `inverted`, values are times: the forecast of a rate is turned over, low end and high end change places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cerberus_plan.calibration.splits.fit import SplitFit, SplitForecast
from cerberus_plan.calibration.splits.interval import LEVEL
from cerberus_plan.calibration.splits.measured import FAR, Measured, named
from cerberus_plan.calibration.splits.mechanisms import SCOPES
from cerberus_plan.calibration.splits.owner import OWNERS, deciding
from cerberus_plan.model.measurement import Measurement

MODEL = "mechanisms inside instances, between them and of the machine, weighed by the measured splits"
CAUSES = {**{name: scope.cause for name, scope in SCOPES.items()}, "none": "nothing takes five per cent"}


def document(fit: SplitFit, *, inverted: bool = False, runs: Iterable[Measurement] = ()) -> dict[str, Any]:
    """All of the answer as plain numbers and text, and the runs that it was fitted to."""
    cores = max(s.instances * s.cores_per_instance for s in fit.splits)
    decides = deciding(fit.measured, fit.owner, cores)
    return {
        "model": MODEL,
        "level": LEVEL,
        "quantity": "time" if inverted else "throughput",
        "measured": {
            "splits": len(fit.measured.splits),
            "runs": int(fit.measured.repeats.sum()),
            "cores": fit.measured.largest,
            "noise": fit.measured.noise,
            "contradiction": _contradiction(fit.measured),
        },
        "extrapolated": cores > FAR * fit.measured.largest,
        "splits": [forecast(split, inverted=inverted) for split in fit.splits],
        "best": forecast(fit.best, inverted=inverted),
        "next": None if fit.next is None else forecast(fit.next, inverted=inverted),
        "owner": {name: round(fit.owner[name], 4) for name in OWNERS},
        "owner_next": None if decides is None else named(decides),
        "causes": CAUSES,
        "points": [
            {
                "instances": one.instances,
                "cores_per_instance": one.cores_per_instance,
                "value": 1 / one.value if inverted else one.value,
            }
            for one in runs
        ],
    }


def _contradiction(measured: Measured) -> dict[str, Any] | None:
    """The split whose runs contradict each other most, and how many times they are apart."""
    if measured.contradiction is None:
        return None
    split, ratio = measured.contradiction
    return {**named(split), "ratio": ratio}


def forecast(split: SplitForecast, *, inverted: bool = False) -> dict[str, Any]:
    """One split."""
    value, low, high = split.value, split.low, split.high
    if inverted:
        value, low, high = 1 / value, 1 / high, 1 / low
    return {
        "instances": split.instances,
        "cores_per_instance": split.cores_per_instance,
        "value": value,
        "low": low,
        "high": high,
        "measured": split.measured,
        "probability_best": split.probability_best,
        "regret": split.regret,
    }
