"""Gauss-Laguerre nodes and weights integrate what they promise, with few nodes and with thousands."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cerberus_plan.model.exact.quadrature import laguerre


@pytest.mark.parametrize("n_nodes", [1, 2, 5, 25, 64, 65, 97, 100, 180])
def test_nodes_and_weights_are_numpys(n_nodes: int) -> None:
    """numpy finds the same nodes and, while a double can hold them, the same weights."""
    nodes, log_weights = laguerre(n_nodes)
    theirs, weights = np.polynomial.laguerre.laggauss(n_nodes)
    assert nodes == pytest.approx(theirs, rel=1e-11)
    assert log_weights == pytest.approx(np.log(weights), abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n_nodes", [*range(1, 400, 7), 513, 1025, 2049])
def test_powers_integrate_to_factorials(n_nodes: int) -> None:
    """The integral of t^k exp(-t) is k!, exactly for k below twice the nodes."""
    nodes, log_weights = laguerre(n_nodes)
    assert (np.diff(nodes) > 0.0).all()
    assert nodes.sum() == pytest.approx(n_nodes**2, rel=1e-12)  # the trace of the matrix
    for power in (0, 1, n_nodes // 3, n_nodes, 2 * n_nodes - 1):
        terms = log_weights + power * np.log(nodes)
        most = terms.max()
        assert most + math.log(np.exp(terms - most).sum()) == pytest.approx(math.lgamma(power + 1), abs=2e-9, rel=1e-13)
