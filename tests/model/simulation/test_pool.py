"""Several runs are one answer with a narrower interval."""

from __future__ import annotations

import pytest

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue
from cerberus_plan.model.simulation import pool, simulate

_MEMBERS = [Instance(threads=6, stations=[Delay(5.0), Queue(1.0)])]


@pytest.mark.slow
def test_pooled_runs_are_narrower_and_still_right() -> None:
    """Nine streams: a third of the width, the exact answer inside, everything else averaged."""
    runs = [simulate(instances=_MEMBERS, completions=20_000, seed=1, stream=n) for n in range(9)]
    found, exact = pool(runs), solve(instances=_MEMBERS)
    assert len({run.seconds for run in runs}) == 9
    assert found.low <= exact.throughput <= found.high
    widths = [run.high - run.low for run in runs]
    assert found.high - found.low == pytest.approx(sum(widths) / 9 / 3, rel=0.3)
    assert found.completions == 180_000
    assert found.events == sum(run.events for run in runs)
    assert found.per_instance[0] == pytest.approx(found.throughput, rel=1e-3)
    assert sum(s.queue_length for s in found.stations) == pytest.approx(6.0)
    assert found.stations[1].utilisation == pytest.approx(exact.stations[1].utilisation, rel=0.01)


def test_one_run_is_itself() -> None:
    """Nothing to pool."""
    run = simulate(instances=_MEMBERS, completions=100)
    assert pool([run]) is run
