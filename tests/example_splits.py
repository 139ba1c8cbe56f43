"""A few made-up runs of splits, fitted, and their page, for tests of what is shown."""

from __future__ import annotations

from functools import cache
from typing import Any

from cerberus_plan.calibration.splits.document import document
from cerberus_plan.calibration.splits.fit import fit_splits, splits_of
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.reports.pages.splits_page import splits_page

HOSTILE = "<script>alert(1)</script>"
# instances, cores of each, throughput: repeats, and two runs on fewer cores
RUNS = ((1, 16, 21.4), (2, 8, 39.0), (2, 8, 38.2), (4, 4, 66.5), (1, 4, 14.0), (4, 1, 18.0))


@cache
def a_splits_document(*, time: bool = False) -> dict[str, Any]:
    """What ``fit --json`` prints of them on 16 cores."""
    runs = [Measurement(instances=m, cores_per_instance=k, value=value) for m, k, value in RUNS]
    return {**document(fit_splits(runs, splits_of(16)), inverted=time, runs=runs), "cores": 16}


def a_splits_page(*, time: bool = False) -> str:
    """Their page."""
    made = ["cerberus-plan", "fit", HOSTILE]
    return splits_page(a_splits_document(time=time), f"{HOSTILE}.csv", command=made, version="0")
