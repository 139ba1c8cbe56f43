"""Laws of the model's own error: a covariance, whole where splits are alike, growing beyond what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.discrepancy import Discrepancy

sizes = st.floats(0.0, 0.3)
discrepancies = st.builds(
    Discrepancy, shared=sizes, system=sizes, size=sizes, split=sizes, growth_cores=sizes, growth_size=sizes,
    of_system=st.dictionaries(st.sampled_from(["linux", "kvm"]), sizes), measured=st.none() | st.floats(1.0, 64.0),
)  # fmt: skip
splits = st.lists(
    st.tuples(st.sampled_from(["linux", "kvm", "processes"]), st.integers(1, 64), st.integers(1, 64)),
    min_size=1, max_size=12,
)  # fmt: skip


def covariance(own: Discrepancy, chosen: list[tuple[str, int, int]]) -> np.ndarray:
    systems, vms, threads = zip(*chosen, strict=True)
    return own.covariance(systems, np.array(vms, float), np.array(threads, float))


@pytest.mark.slow
@given(discrepancies, splits)
def test_it_is_a_covariance(own: Discrepancy, chosen: list[tuple[str, int, int]]) -> None:
    """Symmetric, no negative direction, and its diagonal is the variance."""
    found = covariance(own, chosen)
    assert found == pytest.approx(found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-9
    systems, vms, threads = zip(*chosen, strict=True)
    assert own.variance(systems, np.array(vms, float), np.array(threads, float)) == pytest.approx(np.diag(found))


@given(discrepancies, st.integers(1, 64), st.integers(1, 64))
def test_equal_splits_err_alike(own: Discrepancy, vms: int, threads: int) -> None:
    """A split compared with itself has no error at all."""
    found = covariance(own, [("kvm", vms, threads)] * 2)
    assert found[0, 0] + found[1, 1] - 2 * found[0, 1] == pytest.approx(0.0, abs=1e-12)


@given(discrepancies, st.integers(1, 32), st.integers(1, 32))
def test_neighbours_compare_better_than_strangers(own: Discrepancy, vms: int, threads: int) -> None:
    """The further apart two splits, the larger the error of their ratio; another system is further still."""
    near, far, other = ("kvm", vms + 1, threads), ("kvm", 2 * vms + 2, threads), ("linux", vms, threads)
    one = ("kvm", vms, threads)
    unmeasured = Discrepancy(shared=own.shared, system=own.system, size=own.size, split=own.split)

    def of_ratio(second: tuple[str, int, int]) -> float:
        found = covariance(unmeasured, [one, second])
        return float(found[0, 0] + found[1, 1] - 2 * found[0, 1])

    assert of_ratio(near) <= of_ratio(far) + 1e-12
    assert of_ratio(far) <= of_ratio(other) + 1e-12


@pytest.mark.slow
@given(discrepancies, st.floats(1.0, 16.0), st.floats(1.0, 8.0), st.floats(1.0, 8.0))
def test_error_grows_with_the_logarithm_of_the_distance(
    own: Discrepancy, measured: float, near: float, further: float
) -> None:
    """Nothing is added up to the measured cores; beyond, the further part is proportional to the log of the factor."""
    known = Discrepancy(shared=own.shared, growth_cores=own.growth_cores, measured=measured)

    def variance(cores: float) -> float:
        return float(known.variance(["linux"], np.array([1.0]), np.array([cores]))[0])

    assert variance(measured) == pytest.approx(own.shared**2)
    for factor in (near, near * further):
        further_part = variance(measured * factor) - own.shared**2
        assert further_part == pytest.approx((own.growth_cores * np.log(factor)) ** 2, abs=1e-12)


def test_a_system_that_nobody_measured_errs_more() -> None:
    """Its further part is its own: shared with nobody."""
    own = Discrepancy(system=0.1, of_system={"kvm": 0.2})
    found = covariance(own, [("kvm", 2, 2), ("linux", 1, 4), ("kvm", 4, 1)])
    assert np.diag(found) == pytest.approx([0.05, 0.01, 0.05])
    assert found[0, 1] == 0.0
    assert found[0, 2] == pytest.approx(0.05)
