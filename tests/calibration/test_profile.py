"""Profiles: round trip, refusal of what is not one, refusal to merge hosts, whole or not at all."""

import json
from dataclasses import replace

import pytest

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.store.places import profiles_folder
from cerberus_plan.calibration.store.profile import (
    FORMAT,
    Profile,
    default_path,
    machine_of,
    merge,
    profile_to_machine,
    read_profile,
    this_host_profile,
    to_record,
    write_profile,
)
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.topology import MEMBERSHIPS, Topology

HOST = Host(
    name="node one",
    processor="Example 9000",
    family="Example 6 85 4",
    cpus=4,
    memory_bytes=2**34,
    kernel="Linux 6.1",
    hypervisor="none",
)


def batch(**options):
    plain = {
        "case": "syscall",
        "round": 0,
        "count": 10,
        "seconds": 1.23456789e-7,
        "wall_s": 2e-3,
        "operations": (10, 11),
    }
    return Batch(**{**plain, **options})


def profile(**options):
    quantity = Quantity(
        value=1.2e-7, unit="s", low=1.1e-7, high=1.3e-7, provenance=Provenance.MEASURED, source="getppid"
    )
    plain = {
        "host": HOST,
        "created": "2026-01-02T03:04:05+00:00",
        "topology": Topology.regular(sockets=1, cores_per_l3=4),
        "quantities": {"syscall": quantity},
        "tool": {"numba": "1"},
        "run": {"verdict": "stable"},
        "notes": ("a note",),
        "missing": {"kvm": "no /dev/kvm"},
        "latency": {(0, 1): 1e-7},
        "batches": {"syscall": [batch(), batch(round=-1, probe_before_s=1e-7, probe_after_s=2e-7)]},
    }
    return Profile(**{**plain, **options})


def test_a_profile_survives_being_written_and_read(tmp_path):
    """Everything comes back; samples to six digits."""
    path = tmp_path / "p.json"
    write_profile(profile(), path)
    again = read_profile(path)
    assert replace(again, batches={}) == replace(profile(), batches={})
    assert again.batches["syscall"][0].seconds == pytest.approx(1.23456789e-7, rel=1e-6)
    assert again.batches["syscall"][1] == profile().batches["syscall"][1].__class__(
        **{**profile().batches["syscall"][1].to_record(), "seconds": 1.23457e-7}
    )
    assert [p.name for p in tmp_path.iterdir()] == ["p.json"]


def test_every_quantity_carries_unit_interval_provenance_and_source():
    """The file's contract: value, unit, low, high, provenance, source under a name that says what it is."""
    record = to_record(profile())
    assert record["format"] == FORMAT
    assert record["version"] == 1
    assert record["quantities"]["syscall"] == {
        "value": 1.2e-7,
        "unit": "s",
        "low": 1.1e-7,
        "high": 1.3e-7,
        "provenance": "measured",
        "source": "getppid",
    }


def cost(name, value, unit, **ends):
    """A document's change to one quantity."""
    return {"quantities": {name: {"value": value, "unit": unit, "provenance": "measured", **ends}}}


def test_a_profile_is_a_machine(tmp_path):
    """The planner sees a measured machine with the same topology and quantities."""
    path = tmp_path / "p.json"
    write_profile(profile(), path)
    machine = profile_to_machine(path)
    assert machine == machine_of(profile())
    assert machine.measured
    assert machine.name == "node one"
    assert machine.topology.n_cpus == 4
    assert "Example 9000, 4 CPUs in 1 L3 group, Linux 6.1, measured 2026-01-02" in machine.description


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, r"is not a profile of this program; make one with `cerberus-plan calibrate`"),
        ({"version": 99}, r"has profile version 99; this program reads 1"),
        ({"host": None}, r"host = None must be a table"),
        ({"topology": {"cpus": [0]}}, r"bad\.json: topology: field 'sockets' is missing"),
        ({"topology": {key: [0, 0] for key in MEMBERSHIPS}}, r"bad\.json: topology: a CPU number is listed twice"),
        ({"quantities": {"syscall": {"value": 1.0, "unit": "s"}}}, r"quantities: 'syscall': .*provenance"),
        (
            {"quantities": {"syscall": {"value": 1, "unit": "fortnights", "provenance": "measured"}}},
            "is unknown",
        ),
        ({"quantities": {"x": {"value": 2, "unit": "s", "low": 3, "high": 4, "provenance": "measured"}}}, "interval"),
        (cost("memory_bandwidth", 0, "GB/s"), r"memory_bandwidth': value = 0 must be .* of at least 1e-09"),
        (cost("cores_per_chip", 50, "%"), r"cores_per_chip': value = 50 must be a finite number of at least 100"),
        (cost("cores_per_chip", 2, "1", low=0.5, high=3), r"cores_per_chip': low = 0\.5 must be .* of at least 1"),
    ],
)
def test_what_is_no_sound_profile_is_refused(tmp_path, change, message):
    """The message names the file, the trouble and what to do."""
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**to_record(profile()), **change}))
    with pytest.raises(InputError, match=message) as caught:
        read_profile(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{\n not json", r"line 2: not JSON"), ("[1, 2]", r"is not a profile"), ("", r"is empty"), ("nan", "not JSON")],
)
def test_text_that_is_no_profile_is_refused(tmp_path, text, message):
    """Half-written JSON, other JSON and empty files each get one sentence."""
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_profile(path)


def test_hosts_are_never_merged():
    """Another processor is refused with what differs."""
    other = profile(host=replace(HOST, processor="Other 1"))
    with pytest.raises(InputError, match=r"another host \(processor: Example 9000 / Other 1\)"):
        merge(profile(), other)


def test_merging_keeps_what_was_not_measured_again():
    """A second run with one primitive replaces that one and keeps the others, and what is missing no more goes."""
    pause = Quantity(value=3e-7, unit="s", provenance=Provenance.MEASURED)
    faster = Quantity(value=1e-7, unit="s", provenance=Provenance.MEASURED)
    old = profile(quantities={"syscall": pause, "pause": pause}, missing={"kvm": "no", "pause": "why"})
    run = {"kvm": {"paging": "nested"}}
    new = profile(
        quantities={"syscall": faster, "kvm": faster}, missing={}, run=run, host=replace(HOST, name="renamed")
    )
    merged = merge(old, new)
    assert merged.quantities == {"syscall": faster, "pause": pause, "kvm": faster}
    assert merged.missing == {}
    assert merged.run == {"verdict": "stable", "kvm": {"paging": "nested"}}
    assert merged.host.name == "renamed"


def test_memory_may_differ_a_little_from_boot_to_boot():
    """Two per cent of memory are the same host, a tenth is not."""
    assert HOST.differences(replace(HOST, memory_bytes=int(2**34 * 0.99))) == []
    assert HOST.differences(replace(HOST, memory_bytes=int(2**34 * 0.9)))


def test_profiles_live_where_the_user_says(monkeypatch, tmp_path):
    """CERBERUS_PLAN_HOME wins over XDG_DATA_HOME, and that over the home folder; names are made safe."""
    monkeypatch.setenv("CERBERUS_PLAN_HOME", str(tmp_path / "mine"))
    assert profiles_folder() == tmp_path / "mine" / "profiles"
    monkeypatch.delenv("CERBERUS_PLAN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_path(HOST) == tmp_path / "data" / "cerberus-plan" / "profiles" / "node_one.json"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert profiles_folder() == tmp_path / ".local" / "share" / "cerberus-plan" / "profiles"


def test_a_failed_write_leaves_the_old_profile(tmp_path, monkeypatch):
    """The disk fails while writing: the old file is intact and nothing else is left."""
    path = tmp_path / "p.json"
    write_profile(profile(), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _fd: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_profile(profile(notes=("new",)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["p.json"]


def test_this_hosts_profile_is_used_after_a_kernel_update_but_not_on_other_hardware(monkeypatch, tmp_path):
    """Kernel and affinity may change; another processor under the same name makes the profile somebody else's."""
    monkeypatch.setenv("CERBERUS_PLAN_HOME", str(tmp_path))
    monkeypatch.setattr(
        "cerberus_plan.calibration.store.profile.this_host", lambda: replace(HOST, kernel="Linux 6.9", cpus=2)
    )
    assert this_host_profile() is None
    (tmp_path / "profiles").mkdir()
    write_profile(profile(), default_path(HOST))
    assert this_host_profile() == default_path(HOST)
    monkeypatch.setattr("cerberus_plan.calibration.store.profile.this_host", lambda: replace(HOST, processor="Other"))
    assert this_host_profile() is None
