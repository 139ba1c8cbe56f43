"""From a fitted curve to a workload: recovery of a planted lock, owners and their reasons, a file the planner reads."""

import numpy as np
import pytest

from cerberus_plan.calibration.curves.contention import assign
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.calibration.curves.to_workload import workload_of, write_workload
from cerberus_plan.calibration.store.catalog import parse_workload
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance

LEVELS = np.arange(1.0, 25)


def planted(hold, handover):
    """Exact throughput of one instance with a ticket lock."""
    stations = [Delay(1.0 - hold), TicketLock(hold, handover=handover)]
    return np.array([solve(instances=[Instance(threads=int(n), stations=stations)]).throughput for n in LEVELS])


@pytest.fixture(scope="module")
def collapsing():
    return fit_curve(Curve.from_points(LEVELS, planted(0.08, 0.02), name='dir/my "lock".csv'))


@pytest.mark.slow
def test_a_planted_lock_is_recovered(collapsing):
    """Hold and hand-over of a simulated lock come back, inside their intervals widened by the grid's step."""
    found = assign(collapsing)
    demands = {d.name: d for d in found.demands}
    assert found.owner == "kernel"
    assert found.error < 0.1
    assert demands["kernel_lock"].value == pytest.approx(0.08, rel=0.4)
    assert demands["kernel_lock_handover"].value == pytest.approx(0.02, rel=0.5)
    assert demands["compute"].value == pytest.approx(0.92, rel=0.1)
    assert all(d.low <= d.value <= d.high for d in found.demands)


@pytest.mark.slow
def test_saturation_without_decline_promises_nothing():
    """What only saturates is assumed to be the machine's."""
    curve = Curve.from_points(LEVELS, 1 / (1 / LEVELS**4 + 1 / 6.0**4) ** 0.25)
    found = assign(fit_curve(curve))
    assert found.owner == "machine"
    assert "no split helps" in found.reason


def test_the_user_may_say_whose_it_is(collapsing):
    """A known owner is taken, and the reason says so."""
    found = assign(collapsing, "process")
    assert "as given" in found.reason
    assert {d.name for d in found.demands} == {"compute", "process_lock", "process_lock_handover"}


def test_the_file_is_a_workload_that_the_catalog_reads(collapsing, tmp_path):
    """Names with quotes survive, and every operation comes back."""
    contention = assign(collapsing)
    written = workload_of("mine", collapsing, contention, unit="jobs/s")
    assert parse_workload(to_toml(written), "mine.toml") == written
    assert set(written.operations) == {d.name for d in contention.demands}
    assert write_workload(tmp_path / "my work.toml", collapsing, contention).name == "my-work"
    assert parse_workload((tmp_path / "my work.toml").read_text(), "f").unit == "operations/s"


def test_operations_that_miss_the_curve_keep_its_points_and_say_so(collapsing):
    """A thousandfold decline that no lock makes: the plan passes through the points; a good fit keeps none."""
    curve = Curve.from_points(np.array([1.0, 2.0, 4.0, 8.0]), np.array([1000.0, 100.0, 10.0, 1.0]))
    fit = fit_curve(curve)
    missed = workload_of("steep", fit, assign(fit), unit="jobs/s")
    assert [(m.instances, m.cores_per_instance) for m in missed.measured] == [(1, 1), (1, 2), (1, 4), (1, 8)]
    assert [m.value for m in missed.measured] == pytest.approx([1000.0, 100.0, 10.0, 1.0])
    assert "do not reproduce the curve" in missed.note
    good = workload_of("mine", collapsing, assign(collapsing), unit="jobs/s")
    assert good.measured == ()
    assert "do not reproduce" not in good.note
