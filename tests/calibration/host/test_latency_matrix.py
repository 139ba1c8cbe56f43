"""A matrix reads like the dictionary it replaces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix, middle
from cerberus_plan.calibration.host.linkage import after, joins

pairs = st.dictionaries(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(lambda pair: pair[0] < pair[1]),
    st.floats(1e-9, 1e-6),
    min_size=1,
    max_size=60,
)


@pytest.mark.slow
@given(pairs)
def test_a_matrix_holds_what_the_dictionary_held(latency):
    """Pairs, values, number, membership and equality."""
    matrix = LatencyMatrix.of(latency)
    assert dict(matrix) == latency
    assert len(matrix) == len(latency)
    assert all(pair in matrix and pair[::-1] not in matrix for pair in latency)
    assert LatencyMatrix.of(matrix) is matrix


@pytest.mark.slow
@given(pairs)
def test_the_order_of_the_cpus_does_not_matter(latency):
    """Rows given in another order are the same pairs."""
    matrix = LatencyMatrix.of(latency)
    turned = np.arange(len(matrix.cpus))[::-1]
    other = LatencyMatrix([matrix.cpus[i] for i in turned], matrix.seconds[np.ix_(turned, turned)])
    assert dict(other) == latency


@pytest.mark.parametrize("pair", [(1, 1), (2, 1), (1, 9)])
def test_a_pair_that_is_not_there_is_a_missing_key(pair):
    """The diagonal, the other direction, an unknown CPU."""
    with pytest.raises(KeyError):
        LatencyMatrix.of({(1, 2): 1e-7})[pair]


@pytest.mark.slow
@given(st.lists(st.lists(st.one_of(st.floats(0, 9), st.just(np.nan)), min_size=5, max_size=5), min_size=1, max_size=6))
def test_medians_are_those_of_the_known_values(rows):
    """The lower of two middle values; NaN where nothing is known."""
    values = np.array(rows)
    for row, found in zip(values, middle(values, axis=1), strict=True):
        known = sorted(row[~np.isnan(row)])
        assert found == known[(len(known) - 1) // 2] if known else np.isnan(found)


@pytest.mark.slow
@given(st.integers(2, 12), st.integers(0, 10**6))
def test_joins_are_those_of_average_linkage(size, seed):
    """Heights and groups as scipy's, which knows no missing pairs."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distance = np.random.default_rng(seed).uniform(1.0, 9.0, (size, size))
    distance = distance + distance.T
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance), "average")
    np.fill_diagonal(distance, np.nan)
    found = joins(distance)
    assert [join.height for join in found] == pytest.approx(tree[:, 2].tolist())
    for count in range(size):
        groups = after(size, found[:count])
        theirs = fcluster(tree, size - count, "maxclust")
        assert len(set(zip(groups.tolist(), theirs.tolist(), strict=True))) == size - count
