"""Every package that this one needs, with its version, its licence, when that version was released and its age.

    python benchmarks/licences.py [EXTRA]... [--index URL]

Read from what is installed: requirements are followed from ours, those of the extras named too. A package that states
no licence is listed as such, and the exit code is 1. Dates are those of the first file of that version in the package
index that pip is set to use, or in the one given; what it does not tell, or cannot be asked, is unknown.
When not to use it: for the script that pages carry; `reports/vendor/NOTICES.txt` holds its licences.
Source: the index's simple interface as JSON, PEP 691, with the time of upload, PEP 700.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib import metadata
from urllib.error import HTTPError
from urllib.request import Request, urlopen

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([\w-]+)[\"']")
OURS = "cerberus-plan"
_INDEX = re.compile(r"^(\S+)\.index.url='([^']*)'$", re.MULTILINE)
# What `pip download --help` says of the index that it asks where none is set.
_DEFAULT = re.compile(r"URL of the Python\s+Package\s+Index\s+\(default\s+(\S+?)\)")
_PATIENCE_S = 10.0


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


def configured_index() -> str:
    """The index that pip asks: the one it is set to use, else its own; empty where pip does not tell."""
    set_to = dict(_INDEX.findall(_pip("config", "list")))
    for where in (":env:", "install", "global"):  # the first that is set counts
        if where in set_to:
            return set_to[where]
    default = _DEFAULT.search(_pip("download", "--help"))
    return default[1] if default else ""


def _pip(*arguments: str) -> str:
    """What pip prints, on lines as long as they are; nothing where there is no pip."""
    command = [sys.executable, "-P", "-m", "pip", "--no-color", *arguments]
    surroundings = {**os.environ, "COLUMNS": "500"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings).stdout


class Index:
    """Asks a package index for dates; one that does not answer is not asked again."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") if url.startswith(("https://", "http://")) else ""

    def released(self, name: str, version: str) -> date | None:
        """Day of the first upload of this version; None where it is unknown."""
        days = [
            datetime.fromisoformat(file["upload-time"]).date()
            for file in self._files(name)
            if "upload-time" in file and _version(file.get("filename", "")) == version
        ]
        return min(days, default=None)

    def _files(self, name: str) -> list[dict[str, str]]:
        if not self._url:
            return []
        asked = Request(f"{self._url}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})  # noqa: S310
        try:
            with urlopen(asked, timeout=_PATIENCE_S) as answer:  # noqa: S310 - the address is checked above
                found = json.load(answer)
        except (HTTPError, ValueError):  # this package is not there, or the index does not speak JSON
            return []
        except OSError as error:
            print(f"the package index does not answer ({error}): dates are unknown", file=sys.stderr)
            self._url = ""
            return []
        files = found.get("files") if isinstance(found, dict) else None
        return files if isinstance(files, list) else []


def _version(file: str) -> str:
    """Version in a file's name: of a wheel the second part, of a source archive what follows the last hyphen."""
    if file.endswith(".whl"):
        return [*file.split("-"), ""][1]
    return file.rpartition("-")[2].removesuffix(".tar.gz").removesuffix(".zip")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("extra", nargs="*", help="extras whose packages are listed too")
    options.add_argument("--index", help="address of the package index; that of pip unless given")
    given = options.parse_args()
    index = Index(configured_index() if given.index is None else given.index)
    today = datetime.now(tz=UTC).date()
    stated = True
    for name in sorted(needed(OURS, given.extra)):
        version, told = metadata.version(name), licence(name)
        day = index.released(name, version)
        age = f"{day} | {(today - day).days} days" if day else "unknown | unknown"
        print(f"| {name} | {version} | {told or 'NOT STATED'} | {age} |", flush=True)
        stated = stated and bool(told)
    sys.exit(not stated)


if __name__ == "__main__":
    main()
