"""Gauss-Laguerre quadrature: nodes and the logarithms of the weights, for any number of nodes.

Equations: the nodes are the zeros of L_n: the eigenvalues of the symmetric tridiagonal matrix with 2 i + 1 on the
diagonal and i + 1 beside it; the weight of node x is 1 / (x L'_n(x)^2), and x L'_n(x) = -n L_(n-1)(x) there.
Numerics: many nodes come from asymptotic formulas (Bessel zeros for the smallest, Tricomi's in between, Airy zeros
for the largest) and Newton's method. Beyond about 180 nodes weights leave the range of a double, so the recurrence
of L is scaled as it goes and only logarithms come out; they hold to 2e-9 with 2000 nodes.
Assumptions: the integrand is exp(-t) times a polynomial of degree below twice the number of nodes: then it is exact.
When not to use it: for other integrands; for tens of thousands of nodes (the recurrence costs their square).
Source: Golub and Welsch, Mathematics of Computation 23 (1969); Gatteschi, Journal of Computational and Applied
Mathematics 144 (2002), for the asymptotic formulas.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from cerberus_plan.model.laws.station import Array

# Up to this many nodes the eigenvalues are quicker.
_FEW_NODES = 64
# Newton doubles the digits of guesses that are good to 1e-2 of the distance between nodes.
_NEWTON_STEPS = 5
# Largest zeros that take the guess of the turning point.
_AT_TURNING_POINT = 12
# Terms of the recurrence are scaled down when they pass this.
_LARGE = 1e100


@lru_cache(maxsize=128)
def laguerre(n_nodes: int) -> tuple[Array, Array]:
    """Nodes and logarithms of the weights of exp(-t) on t >= 0: shape (n_nodes,) both."""
    few = n_nodes <= _FEW_NODES
    nodes = _eigenvalues(n_nodes) if few else _guesses(n_nodes)
    for _ in range(2 if few else _NEWTON_STEPS):
        ratio, logarithm = _at(nodes, n_nodes)
        nodes = nodes - nodes * ratio / (n_nodes * (ratio - 1.0))
    ratio, logarithm = _at(nodes, n_nodes)
    return nodes, np.log(nodes) - 2.0 * (logarithm + math.log(n_nodes))


def _eigenvalues(n_nodes: int) -> Array:
    """Nodes to the precision of the largest."""
    index = np.arange(float(n_nodes))
    # Only the lower triangle is read.
    return np.asarray(np.linalg.eigvalsh(np.diag(2.0 * index + 1.0) + np.diag(index[1:], -1)), dtype=np.float64)


def _guesses(n_nodes: int) -> Array:
    """Nodes to a small part of the distance between them."""
    order = 4.0 * n_nodes + 2.0
    index = np.arange(1.0, n_nodes + 1.0)
    angle = np.full(n_nodes, math.pi / 2.0)  # solves angle - sin(angle) = pi (4 n - 4 k + 3) / order
    for _ in range(12):
        excess = angle - np.sin(angle) - math.pi * (4.0 * (n_nodes - index) + 3.0) / order
        angle = np.clip(angle - excess / (1.0 - np.cos(angle)), 1e-3, math.pi)
    place = np.cos(angle / 2.0) ** 2
    found = order * place - (5.0 / (4.0 * (1.0 - place) ** 2) - 1.0 / (1.0 - place) - 1.0) / (3.0 * order)

    first = n_nodes // 6
    at = (index[:first] - 0.25) * math.pi
    bessel = at + 1.0 / (8.0 * at) - 124.0 / (3.0 * (8.0 * at) ** 3)
    found[:first] = bessel**2 / order * (1.0 + (bessel**2 - 2.0) / (3.0 * order**2))

    last = min(n_nodes // 8, _AT_TURNING_POINT)
    at = 3.0 * math.pi * (4.0 * index[:last] - 1.0) / 8.0
    airy = -(at ** (2.0 / 3.0)) * (1.0 + 5.0 / (48.0 * at**2))
    width = 2.0 ** (2.0 / 3.0) * order ** (1.0 / 3.0)
    found[n_nodes - last :] = (order + airy * width + 0.2 * (airy * width) ** 2 / order)[::-1]
    return found


def _at(nodes: Array, degree: int) -> tuple[Array, Array]:
    """L_n / L_(n-1) and log |L_(n-1)| at the nodes, n the degree, by the three-term recurrence."""
    before, value = np.zeros(nodes.size), np.ones(nodes.size)
    logarithm = np.zeros(nodes.size)
    for i in range(degree):
        before, value = value, ((2 * i + 1 - nodes) * value - i * before) / (i + 1)
        if i % 16 == 15:
            size = np.maximum(np.abs(value), np.abs(before))
            if size.max() > _LARGE:
                before, value, logarithm = before / size, value / size, logarithm + np.log(size)
    return value / before, logarithm + np.log(np.abs(before))
