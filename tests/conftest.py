"""One setting for all property tests: no deadline, since no test may judge by the wall clock of a busy host."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
