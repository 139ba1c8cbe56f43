"""Where a page comes from: versions of what made it, and a fingerprint of its data.

When not to use it: to say when; a page made twice from the same numbers is the same page.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def made(document: Mapping[str, Any], command: Sequence[str], version: str) -> dict[str, Any]:
    """What every page says of its making: its document, the command as one types it, versions, fingerprint."""
    return {
        "version": version,
        "command": shlex.join(command),
        "versions": versions(version),
        "fingerprint": fingerprint(document),
        "document": document,
    }


def versions(own: str) -> list[str]:
    """Names and versions of what the numbers were computed with."""
    return [f"cerberus-plan {own}", f"Python {platform.python_version()}", f"numpy {np.__version__}"]


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document, keys sorted, no spaces."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
