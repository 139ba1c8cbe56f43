"""What a command owes to a damaged file: an answer, or one bounded message that names the file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fuzz.targets import Target

ANSWERS = (0, 3)
REFUSALS = (1, 2)
LONGEST_MESSAGE = 2000
_FOREIGN = ("Traceback", "Warning:", "mistake of cerberus-plan")


def faults(target: Target, code: int, stdout: str, stderr: str) -> list[str]:
    """What is wrong with how a command ended, in words; none where nothing is."""
    found = [f"exit code {code}"] if code not in (*ANSWERS, *REFUSALS) else []
    found += [f"{word!r} on standard error" for word in _FOREIGN if word in stderr][:1]
    if len(stderr) > LONGEST_MESSAGE:
        found.append(f"a message of {len(stderr)} characters")
    if any((ord(sign) < 32 and sign not in "\t\n") or 127 <= ord(sign) < 160 for sign in stderr):
        found.append("control characters in a message")
    # a fleet that cannot is told whole, with 1
    answered = code in ANSWERS or (code in target.answers and bool(stdout))
    # a deployment may be refused for another of its files, where the two contradict each other
    if not answered and code in REFUSALS and not any(name in stderr for name in (target.file, *target.beside)):
        found.append("a message that does not name the file")
    if answered and "--json" in target.command:
        found += _document(stdout)
    return found


def _document(stdout: str) -> list[str]:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(stdout, parse_constant=refuse)
    except ValueError as error:
        return [f"an answer that is no JSON: {error}"]
    return []


def leftovers(target: Target, folder: Path) -> list[str]:
    """Files that the command left beside those that were there and those it was to write."""
    known = {target.file, *target.beside, "made.json", "other.json"}
    return [f"a file left: {each.name}" for each in folder.iterdir() if each.name not in known]
