"""Networks written down by users are read strictly: every mistake is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cerberus_plan.calibration.store.network_file import LAWS, read_network
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.network import Delay, Instance, Queue, TicketLock
from cerberus_plan.model.simulation import Message

_GOOD = """
format = 1
[[instances]]
count = 3
threads = 2
stations = [{law = "delay", demand = 8.0}, {law = "ticket_lock", hold = 0.6, handover = 0.3, name = "lock"}]
[[instances]]
threads = 5
shared_factor = 2.0
stations = [{law = "delay", demand = 1}]
[[shared]]
law = "queue"
demand = 0.15
[rules]
holds = "deterministic"
off_core = ["think"]
sleeping = ["lock"]
cores = 2
messages = [{station = "think", demand = 0.1, to = "one"}]
held_until = {lock = "queue"}
"""


def test_a_network_is_read_whole(tmp_path: Path) -> None:
    """Counts, names, factors, shared stations and rules."""
    file = tmp_path / "network.toml"
    file.write_text(_GOOD)
    found = read_network(file)
    small = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3, name="lock")])
    assert found.instances == (
        small,
        small,
        small,
        Instance(threads=5, stations=[Delay(1)], shared_factor=2.0),
    )
    assert found.shared == (Queue(0.15),)
    assert found.rules.holds == "deterministic"
    assert found.rules.cores == 2
    assert found.rules.off_core == frozenset({"think"})
    assert found.rules.sleeping == frozenset({"lock"})
    assert found.rules.messages == (Message(station="think", demand=0.1, to="one"),)
    assert found.rules.held_until == {"lock": "queue"}


def test_json_is_read_like_toml(tmp_path: Path) -> None:
    """The same fields, and every law has a name."""
    laws = {
        "delay": {"demand": 1.0},
        "queue": {"demand": 1.0},
        "servers": {"demand": 1.0, "count": 2},
        "shared_bandwidth": {"demand": 1.0, "saturation": 3.0},
        "ticket_lock": {"hold": 1.0, "handover": 0.1},
        "queue_lock": {"hold": 1.0, "handover": 0.1},
        "test_and_set_lock": {"hold": 1.0, "handover": 0.1},
        "reader_writer_lock": {"hold": 1.0, "line": 0.1, "writes": 0.5},
        "allocator_search": {"base": 1.0, "search": 0.1, "width": 5.0},
    }
    file = tmp_path / "network.json"
    stations = [{"law": law, **parameters} for law, parameters in laws.items()]
    file.write_text(json.dumps({"format": 1, "instances": [{"threads": 1, "stations": stations}]}))
    assert [type(s) for s in read_network(file).instances[0].stations] == list(LAWS.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", r"network.toml: format = 2 must be 1"),
        ("format = 1", "format =", r"network.toml: .*line 2"),
        ("format = 1", "format = 1\nname = 3", r"unknown field 'name'; known: format, instances, shared, rules"),
        ("count = 3", "count = 0", r"instances\[0\]: count = 0 must be a whole number from 1"),
        ("threads = 2", "threads = 0", r"instances\[0\]: threads = 0 must be a whole number from 1"),
        ("threads = 5", "cores = 5", r"instances\[1\]: unknown field 'cores'"),
        ('law = "queue"', 'law = "lifo"', r"shared\[0\]: law = 'lifo' is unknown; use one of delay, queue"),
        ('"delay", demand = 8.0', '"delay", hold = 8.0', r"instances\[0\]: stations\[0\]: unknown field 'hold'"),
        ('"delay", demand = 8.0', '"delay"', r"instances\[0\]: stations\[0\]: .*demand"),
        ('"delay", demand = 8.0', '"delay", demand = -8.0', r"stations\[0\]: demand = -8.0 must be"),
        (
            "shared_factor = 2.0",
            'shared_factor = "2"',
            r"instances\[1\]: shared_factor = '2' must be a pos",
        ),
        ('holds = "deterministic"', 'holds = "normal"', r"rules: holds = 'normal' is unknown; use one of"),
        ('to = "one"', 'to = "two"', r"rules: messages\[0\]: to = 'two' is unknown; use one of all, one"),
        ('to = "one"', "until = 1", r"rules: messages\[0\]: unknown field 'until'"),
        ("cores = 2", "speed = 2", r"rules: unknown field 'speed'"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """File, table and field."""
    file = tmp_path / "network.toml"
    assert old in _GOOD
    file.write_text(_GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        read_network(file)


@pytest.mark.parametrize("content", ["[]", '{"format": 1}', '{"format": 1, "instances": 3}', "{"])
def test_what_is_no_network_is_refused(tmp_path: Path, content: str) -> None:
    """Also valid JSON of another shape."""
    file = tmp_path / "network.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"network\.json\W"):
        read_network(file)
