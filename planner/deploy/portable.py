"""Machine and workload that travel with a deployment: audit then works on the host that was deployed on.

A shipped name is found anywhere and stays a name. A file of the user's, or a calibrated host, is copied beside
``plan.json``, which then names the copy; raw samples of a profile are left behind, for no plan reads them.
"""

from __future__ import annotations

import json
from pathlib import Path

from cerberus_plan.calibration.store import catalog, decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.calibration.store.places import profiles_folder
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.machine import Machine

# Profiles carry every raw sample until they are copied.
_MOST_BYTES = 512 * 2**20


def carry_machine(name: str | None, machine: Machine) -> tuple[str, dict[str, str]]:
    """What ``plan.json`` calls the machine, and the files to put beside it.

    Args:
        name: As the user gave it: a shipped name, a file or a calibrated host; None for what was chosen without.
        machine: The machine that was planned for.

    Raises:
        CannotAnswerError: The host's profile was removed meanwhile.
    """
    if (name or machine.name) in catalog.shipped("machines"):
        return name or machine.name, {}
    return _carried("machine", _machine_file(name))


def carry_workload(name: str) -> tuple[str, dict[str, str]]:
    """What ``plan.json`` calls the workload, and the files to put beside it."""
    return (name, {}) if name in catalog.shipped("workloads") else _carried("workload", Path(name))


def found_from(folder: Path, reference: str) -> str:
    """The reference as the catalog finds it: a file beside ``plan.json`` by its path, all else as it is."""
    beside = folder / reference
    return str(beside) if reference.endswith((".toml", ".json")) and beside.is_file() else reference


def _machine_file(name: str | None) -> Path:
    if name is not None:
        stored = profiles_folder() / f"{name}.json"
        return stored if "/" not in name and stored.is_file() else Path(name)
    from cerberus_plan.calibration.store.profile import this_host_profile

    path = this_host_profile()
    if path is None:
        raise CannotAnswerError("this host's profile went away; run `cerberus-plan calibrate`, or give --machine")
    return path


def _carried(stem: str, file: Path) -> tuple[str, dict[str, str]]:
    text = read_text(file, max_bytes=_MOST_BYTES)
    if not text.lstrip().startswith("{"):
        return f"{stem}.toml", {f"{stem}.toml": text}
    record = decode.parse_json(text, str(file))
    record.pop("samples", None)
    return f"{stem}.json", {f"{stem}.json": json.dumps(record) + "\n"}
