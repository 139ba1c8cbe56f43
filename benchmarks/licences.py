"""Every package that this one needs, with its version and licence.

    python benchmarks/licences.py [EXTRA]...

Read from what is installed: requirements are followed from ours, those of the extras named too. A package that states
no licence is listed as such, and the exit code is 1.
When not to use it: for the script that pages carry; `reports/vendor/NOTICES.txt` holds its licences.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([\w-]+)[\"']")
OURS = "cerberus-plan"


def needed(name: str, extras: Iterable[str]) -> set[str]:
    """Names of all packages below one, itself left out; what is not installed here is not needed here."""
    wanted, pending, found = set(extras), [name], set()
    while pending:
        try:
            requirements = metadata.requires(pending.pop()) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in requirements:
            extra = _EXTRA.search(requirement)
            match = _NAME.match(requirement)
            child = match[0].lower() if match else ""
            if child and (extra is None or extra[1] in wanted) and child not in found | {name} and _installed(child):
                found.add(child)
                pending.append(child)
        wanted = set()  # extras are those of the first package
    return found


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def licence(name: str) -> str:
    """What a package says of itself: an expression, classifiers, or the first line of its licence field."""
    about = metadata.metadata(name)
    told = about.get("License-Expression") or ""
    named = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or () if c.startswith("License ::")]
    first = (about.get("License") or "").strip().splitlines()[:1]
    return told or ", ".join(named) or (first[0][:60] if first else "")


def main() -> None:
    """Print the table."""
    rows = [(name, metadata.version(name), licence(name)) for name in sorted(needed(OURS, sys.argv[1:]))]
    for name, version, told in rows:
        print(f"| {name} | {version} | {told or 'NOT STATED'} |")
    sys.exit(any(not told for _, _, told in rows))


if __name__ == "__main__":
    main()
