"""Where this user's calibration profiles live. Apart from the profile reader, so that a start can ask cheaply.

``$CERBERUS_PLAN_HOME/profiles``, else ``$XDG_DATA_HOME/cerberus-plan/profiles``, else
``~/.local/share/cerberus-plan/profiles``.
"""

from __future__ import annotations

import os
from pathlib import Path


def profiles_folder() -> Path:
    """Folder of this user's profiles; it need not exist."""
    if home := os.environ.get("CERBERUS_PLAN_HOME"):
        return Path(home) / "profiles"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "cerberus-plan" / "profiles"


def profiles() -> list[Path]:
    """The stored profiles of all hosts, in alphabetical order."""
    return sorted(profiles_folder().glob("*.json"))
