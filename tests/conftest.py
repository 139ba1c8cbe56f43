"""One setting for all property tests: no deadline, since no test may judge by the wall clock of a busy host.

With CERBERUS_PLAN_CI set they are derandomised as well, so that a run of CI can be repeated exactly.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CERBERUS_PLAN_CI") else "developer")
