"""Random numbers inside kernels: the same bits for the same seed on every machine.

Models: xoshiro256++ (period 2^256 - 1), seeded through splitmix64. A stream is a (seed, stream) pair; streams start
at unrelated states, which for runs of 2^40 numbers overlap with a probability below 2^-170.
When not to use it: for cryptography; outside kernels, where numpy's generators are as good.
Source: Blackman and Vigna, ACM Transactions on Mathematical Software 47 (2021).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.kernel import kernel

# The four words of the generator: shape (4,).
Generator = npt.NDArray[np.uint64]

_WORD = (1 << 64) - 1
_S11, _S17, _S19, _S23, _S41, _S45 = (np.uint64(n) for n in (11, 17, 19, 23, 41, 45))
_ONE = np.uint64(1)
_TO_UNIT = 2.0**-53


def generator(seed: int, stream: int = 0) -> Generator:
    """A generator for one run: shape (4,). Any whole numbers are good seeds."""
    state = (_mixed(seed & _WORD) ^ _mixed(_mixed((stream + 1) & _WORD))) & _WORD
    words = []
    for _ in range(4):
        state = (state + 0x9E3779B97F4A7C15) & _WORD
        words.append(_mixed(state))
    return np.array(words, dtype=np.uint64)


def _mixed(word: int) -> int:
    """The output function of splitmix64."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
    return word ^ (word >> 31)


@kernel
def uniform(rng: Generator) -> float:
    """The next number in (0, 1], never 0: its logarithm is finite."""
    a, b, c, d = rng[0], rng[1], rng[2], rng[3]
    total = a + d
    word = ((total << _S23) | (total >> _S41)) + a
    c ^= a
    d ^= b
    rng[0] = a ^ d
    rng[1] = b ^ c
    rng[2] = c ^ (b << _S17)
    rng[3] = (d << _S45) | (d >> _S19)
    return ((word >> _S11) + _ONE) * _TO_UNIT


@kernel
def exponential(rng: Generator) -> float:
    """The next exponential variate of mean 1."""
    return -math.log(uniform(rng))
