"""One setting for all property tests: no deadline, since no test may judge by the wall clock of a busy host.

With CERBERUS_PLAN_CI set they are derandomised as well, so that a run of CI can be repeated exactly.

What reads the real clock is the one thing that cannot be: a neighbour of the host may take its processors for seconds.
Such a test runs again, twice at most, some seconds later; what fails three times is no neighbour.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CERBERUS_PLAN_CI") else "developer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what reads the real clock run again."""
    for item in items:
        if item.get_closest_marker("hardware") is not None:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=3))
