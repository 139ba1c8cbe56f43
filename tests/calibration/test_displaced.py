"""Memory traffic from what streams beside a program lose: what is known is found, and what cannot be told is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe.displaced import Round, traffic_of

GIGA = 1e9


def rounds(
    bytes_each: float, *, share: float = 1.0, noise: float = 0.0, count: int = 6, scale: float = 1.0, seed: int = 0
) -> list[Round]:
    """A memory of 100 GB/s whose rate wanders from round to round, and parts with noise of their own."""
    random = np.random.default_rng(seed)

    def one() -> Round:
        drift = 1.0 + 0.1 * random.standard_normal()
        own = 1.0 + noise * random.standard_normal(3)
        units, stream = 1000.0, 40.0 * GIGA
        return Round(
            alone=scale * 100.0 * GIGA * drift * own[0],
            beside=scale * (100.0 * GIGA * drift * own[1] - share * bytes_each * units),
            beside_stream=scale * (100.0 * GIGA * drift * own[2] - share * stream),
            stream=scale * stream,
            units=scale * units,
        )

    return [one() for _ in range(count)]


@given(st.floats(1e3, 4e7), st.floats(0.6, 1.0), st.floats(1e-3, 1e3))
def test_without_noise_the_answer_is_exact(bytes_each: float, share: float, scale: float) -> None:
    """However much of a stream is displaced, in whatever unit of time; drift between rounds cancels."""
    found = traffic_of(rounds(bytes_each, share=share, scale=scale), streams=8, copies=8).memory_bytes
    assert found is not None
    assert found.value == pytest.approx(bytes_each, rel=1e-3)
    assert found.low < bytes_each < found.high  # type: ignore[operator]


@pytest.mark.parametrize("bytes_each", [0.0, 2e6, 2e7])
def test_intervals_hold_what_they_promise(bytes_each: float) -> None:
    """Noise of 2 % in each part: at least nine in ten intervals hold the truth, zero being below a bound near it."""
    found = [
        traffic_of(rounds(bytes_each, noise=0.02, seed=seed), streams=8, copies=8).memory_bytes for seed in range(200)
    ]
    told = [one for one in found if one is not None]
    assert len(told) > 150
    within = [
        (one.low or 0.0) <= bytes_each <= (one.high or 0.0) if bytes_each else (one.low or 0.0) < 0.2e6 for one in told
    ]
    assert sum(within) >= 0.9 * len(told)
    if not bytes_each:
        assert np.median([one.value for one in told]) < 2e6  # a twentieth of what the streams moved in that time


@settings(max_examples=40)
@given(st.floats(-0.3, 0.3), st.floats(0.0, 0.02), st.integers(0, 10**6))
def test_memory_that_is_not_full_tells_nothing(share: float, noise: float, seed: int) -> None:
    """Streams that hardly lose anything to others: the reason says so, and no number is made up."""
    found = traffic_of(rounds(1e7, share=share, noise=noise, seed=seed), streams=1, copies=1)
    assert found.memory_bytes is None
    assert "do not fill this host's memory" in found.why


def test_few_rounds_and_noise_tell_nothing() -> None:
    """Two rounds have no interval; streams that scatter as much as they lose have a useless one."""
    assert "too few" in traffic_of(rounds(1e7, count=2), streams=8, copies=8).why
    assert traffic_of(rounds(1e7, noise=0.3), streams=8, copies=8).memory_bytes is None


@given(st.floats(0.6, 1.0), st.integers(0, 2**31))
def test_noise_is_not_taken_for_memory_that_is_not_full(share: float, seed: int) -> None:
    """Where streams do lose to each other, but so unevenly that nothing is certain, a quieter host is asked for."""
    found = traffic_of(rounds(1e7, share=share, noise=0.4, seed=seed), streams=8, copies=8)
    reasons = ("do not fill", "too uncertain", "no core to run on")
    assert found.memory_bytes is not None or any(why in found.why for why in reasons)
    quiet = traffic_of(rounds(1e7, share=0.2, noise=1e-3, seed=seed), streams=8, copies=8)
    assert "do not fill" in quiet.why
    assert "quieter" not in quiet.why


def test_streams_that_scatter_ask_for_a_quieter_host() -> None:
    """Of a memory that is shared evenly, seen through noise of a third."""
    reasons = [traffic_of(rounds(1e7, noise=0.3, seed=seed), streams=8, copies=8).why for seed in range(100)]
    uncertain = sum(
        "too uncertain, for others use cores or memory; try again on a quieter host" in why for why in reasons
    )
    assert uncertain > 60
    assert sum("do not fill" in why for why in reasons) < 15


@pytest.mark.parametrize("which", ["alone", "beside", "beside_stream", "stream"])
def test_streams_that_had_no_core_tell_nothing(which: str) -> None:
    """On a busy host one may not run for as long as it is watched: that is no traffic of nobody's."""
    seen = rounds(1e7)
    seen[2] = replace(seen[2], **{which: 0.0})
    found = traffic_of(seen, streams=8, copies=8)
    assert found.memory_bytes is None
    assert "in 1 of 6 rounds a stream had no core to run on" in found.why
