"""The last match is found, and no pattern or output makes the search endless."""

from __future__ import annotations

import re
import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe import matching
from cerberus_plan.calibration.programs.observe.matching import last_match
from cerberus_plan.model.errors import InputError

NUMBER = re.compile(r"ops: ([0-9]+)", re.MULTILINE)


@given(st.lists(st.sampled_from(["ops: 1", "ops: 22", "", "no", "ops: 333 ops: 4"]), max_size=30), st.integers(8, 200))
def test_windows_change_nothing(lines: list[str], window: int) -> None:
    """However the output is cut into windows longer than a line, the last match is the whole text's."""
    text = "\n".join(lines)
    expected = list(NUMBER.finditer(text))
    before, matching.WINDOW = matching.WINDOW, window + 16
    try:
        found = last_match(NUMBER, text)
    finally:
        matching.WINDOW = before
    assert (found and found[1]) == (expected[-1][1] if expected else None)


@pytest.mark.slow
@pytest.mark.hardware
def test_an_exponential_pattern_is_given_up() -> None:
    """A message within a second of the limit, and the timer is off afterwards."""
    started = time.process_time()
    with pytest.raises(InputError, match=r"has not found its place after 0.3 s"):
        last_match(re.compile(r"(a+)+$|ops/s: ([0-9]+)"), "a" * 64 + "b", limit_s=0.3)
    assert time.process_time() - started < 5.0
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
