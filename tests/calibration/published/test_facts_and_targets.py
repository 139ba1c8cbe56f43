"""Published numbers are kept to the printed digit and read as stated."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.paper.facts import facts, value
from cerberus_plan.calibration.paper.targets import ALSO_REPORTED, INPUTS, TARGETS

# OS clustering, EuroSys 2011: Tables 2, 4, 5, 6, 7 and sections 7.2, 7.3
PRINTED = {
    "prim.net.localhost.cerberus.remote": 87.1,
    "prim.clone.24": 30.79,
    "prim.msg.cross_chip": 11.34,
    "prim.cfs.remote": 17.81,
    "prof.histogram.linux.48.calc_hist": 8.3,
    "prof.dbench.linux.48.ext3_test_allocatable": 66.6,
    "hist.t.48.8": 10.624,
    "dbench.48.2": 2123.6,
    "hist.shadow.32": 246.54,
    "apache.16.a": 1099,
    "apache.16.b": 1085,
}


@pytest.mark.parametrize(("fact_id", "printed"), PRINTED.items())
def test_printed_digits(fact_id: str, printed: float) -> None:
    """Numbers are those of the source's text."""
    assert value(fact_id) == printed


def test_every_target_has_its_facts() -> None:
    """No target, input or reported number is missing from the facts."""
    for target in (*TARGETS, *ALSO_REPORTED):
        assert set(target.parts) <= facts().keys()
    assert facts().keys() >= INPUTS
    assert len({target.id for target in TARGETS}) == len(TARGETS)
    assert sum(target.judged for target in TARGETS) == 30


def test_readings() -> None:
    """37 % better is a ratio of 1.37; shares of one mechanism are added."""
    by_id = {target.id: target for target in TARGETS}
    assert by_id["hist.pc.linux.48"].comparable(37) == pytest.approx(1.37)
    assert by_id["hist.t.48.2"].comparable(0.86) == 0.86
    assert by_id["prof.dbench.linux.48.ext3_test_allocatable"].published == 84.8
