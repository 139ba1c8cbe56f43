"""Where a page comes from: versions of what made it, and a fingerprint of its data.

When not to use it: to say when; a page made twice from the same numbers is the same page.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np


def versions(own: str) -> list[str]:
    """Names and versions of what the numbers were computed with."""
    return [f"cerberus-plan {own}", f"Python {platform.python_version()}", f"numpy {np.__version__}"]


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document, keys sorted, no spaces."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
