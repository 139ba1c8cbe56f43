"""Random numbers have the published bits; intervals cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from cerberus_plan.model.simulation.random import exponential, generator, uniform
from cerberus_plan.model.simulation.statistics import half_width, warm_up
from cerberus_plan.model.student import student_t


def test_generator_gives_the_published_sequence() -> None:
    """xoshiro256++ from the state 1, 2, 3, 4 (the first words are easily checked by hand: 5 * 2^23 + 1).

    Source: test vector of the rand_xoshiro crate, made with the authors' C code.
    """
    state = np.array([1, 2, 3, 4], dtype=np.uint64)
    words = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162]
    assert [uniform(state) for _ in words] == [((word >> 11) + 1) * 2.0**-53 for word in words]


def test_streams_differ_and_repeat() -> None:
    """Seed and stream each make another sequence."""
    draws = {(seed, stream): uniform(generator(seed, stream)) for seed in range(20) for stream in range(20)}
    assert len(set(draws.values())) == 400
    assert draws[3, 4] == uniform(generator(3, 4))


def test_variates_have_their_moments() -> None:
    """Uniform in (0, 1], exponential of mean 1 and variance 1, neighbours uncorrelated."""
    rng = generator(1)
    flat = np.array([uniform(rng) for _ in range(100_000)])
    assert 0.0 < flat.min() < 1e-4
    assert flat.max() <= 1.0
    assert flat.mean() == pytest.approx(0.5, abs=0.005)
    assert np.corrcoef(flat[1:], flat[:-1])[0, 1] == pytest.approx(0.0, abs=0.015)
    times = np.array([exponential(rng) for _ in range(100_000)])
    assert times.mean() == pytest.approx(1.0, abs=0.015)
    assert times.var() == pytest.approx(1.0, abs=0.05)
    assert times.min() >= 0.0


def test_student_points_are_those_of_the_tables() -> None:
    """Against scipy, from nine degrees of freedom on."""
    from scipy.stats import t

    for freedom in (9, 15, 31, 255):
        assert student_t(0.99, freedom) == pytest.approx(t.ppf(0.995, freedom), rel=1e-4)


def test_warm_up_finds_where_a_transient_ends() -> None:
    """Twenty slow batches before steady ones are dropped, and nothing but chance without a transient."""
    rng = np.random.default_rng(1)
    steady = rng.normal(1.0, 0.1, 200)
    assert warm_up(np.concatenate([np.linspace(5.0, 1.5, 20), steady])) in range(18, 26)
    assert warm_up(np.ones(50)) == 0
    assert warm_up(np.array([1.0, 2.0])) == 0
    assert max(warm_up(rng.normal(1.0, 0.1, 200)) for _ in range(20)) <= 100


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.97])
def test_interval_covers_the_mean_of_correlated_batches(correlation: float) -> None:
    """The 99 % interval holds the true mean in at least 96 % of autoregressive series."""
    rng = np.random.default_rng(2)
    inside, repeats = 0, 400
    for _ in range(repeats):
        noise = rng.normal(size=356)
        series = np.zeros(356)
        for place in range(1, 356):
            series[place] = correlation * series[place - 1] + noise[place]
        rest = series[100:]
        inside += abs(rest.mean()) <= half_width(rest)
    assert inside / repeats >= 0.96


def test_interval_of_what_never_varies_is_a_point() -> None:
    """And shrinks like one over the root of the length otherwise."""
    assert half_width(np.full(64, 3.0)) == 0.0
    rng = np.random.default_rng(3)
    short, long = (np.mean([half_width(rng.normal(size=n)) for _ in range(50)]) for n in (64, 256))
    assert short / long == pytest.approx(2.0, rel=0.15)
