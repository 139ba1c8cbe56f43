"""Fleet files: what is read, and what is refused with the place and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.choices import systems_for
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.objective import Slo
from cerberus_plan.planner.fleet.fleet import Fleet
from cerberus_plan.planner.fleet.fleet_file import parse_fleet, read_fleet

MACHINE = '[[machine]]\nname = "m"\nmachine = "amd48"\ncount = 2\n'
WORKLOAD = '[[workload]]\nworkload = "apache"\nrate = 1000\n'


def read(text: str) -> Fleet:
    return parse_fleet(text, "f.toml", systems_for, folder=Path())


def test_everything_that_can_be_said_is_read() -> None:
    """Each field ends where it is used."""
    fleet = read(
        'format = 1\nname = "shop"\nrisk = 0.01\nutilisation = 0.7\nparts = 2\nobjective = "headroom"\nbudget = 90\n'
        'currency = "EUR"\n'
        + MACHINE
        + "price = 7\nhost_cores = 2\ncores = 24\nmax_vms = 9\nmax_cores_per_vm = 8\nmin_cores_per_vm = 2\n"
        'systems = ["cerberus"]\n'
        + WORKLOAD
        + 'name = "w"\nsurvive = 1\nleast_machines = 2\non = ["m"]\napart = "db"\nslo = ["p99=10ms", "mean=2ms"]\n'
    )
    (kind,), (demand,) = fleet.types, fleet.demands
    assert (fleet.name, fleet.risk, fleet.utilisation, fleet.parts) == ("shop", 0.01, 0.7, 2)
    assert (fleet.objective, fleet.budget, fleet.currency) == ("headroom", 90.0, "EUR")
    assert (kind.name, kind.count, kind.price, kind.systems) == ("m", 2, 7.0, ("cerberus",))
    assert (kind.constraints.cores, kind.constraints.host_cores, kind.constraints.usable) == (24, 2, 22)
    bounds = kind.constraints
    assert (bounds.max_vms, bounds.max_cores_per_vm, bounds.min_cores_per_vm) == (9, 8, 2)
    assert (demand.name, demand.rate, demand.survive, demand.least_machines) == ("w", 1000.0, 1, 2)
    assert (demand.on, demand.apart) == (("m",), "db")
    assert demand.slos == (Slo(name="p99", seconds=0.01), Slo(name="mean", seconds=0.002))


def test_without_prices_usable_cores_are_counted() -> None:
    """A machine costs what it can use."""
    fleet = read("format = 1\n" + MACHINE + "host_cores = 8\n" + WORKLOAD)
    assert (fleet.types[0].price, fleet.currency) == (40.0, "cores")


def test_files_are_looked_for_beside_the_fleets(tmp_path: Path) -> None:
    """Wherever the command is started."""
    (tmp_path / "mine.toml").write_text(to_toml(catalog.workload("dbench")))
    file = tmp_path / "fleet.toml"
    file.write_text("format = 1\n" + MACHINE + WORKLOAD.replace("apache", "mine.toml"))
    assert read_fleet(file, systems_for).demands[0].workload.costs().values == catalog.workload("dbench").costs().values


def test_a_workloads_own_objective_holds_where_the_fleet_gives_none(tmp_path: Path) -> None:
    """Its rate and its limits; what is given here comes first, an empty list too."""
    own = to_toml(catalog.workload("apache")) + '\n[objective]\nrate = 70\nslo = { p99 = "3ms" }\n'
    (tmp_path / "mine.toml").write_text(own)
    file = tmp_path / "fleet.toml"
    for said, rate, slos in (
        ("", 70.0, (Slo(name="p99", seconds=0.003),)),
        ("rate = 5\n", 5.0, (Slo(name="p99", seconds=0.003),)),
        ('slo = "mean=1ms"\n', 70.0, (Slo(name="mean", seconds=0.001),)),
        ("slo = []\n", 70.0, ()),
    ):
        file.write_text("format = 1\n" + MACHINE + '[[workload]]\nworkload = "mine.toml"\n' + said)
        demand = read_fleet(file, systems_for).demands[0]
        assert (demand.rate, demand.slos) == (rate, slos)


WRONG = {
    "format = 1\n" + MACHINE + WORKLOAD.replace("rate = 1000", ""): "field 'rate' is missing",
    "": "'format' is missing",
    "format = 2\n": "this version reads format 1",
    "format = 1\n" + WORKLOAD: "no [[machine]]",
    "format = 1\n" + MACHINE: "no [[workload]]",
    "format = 1\nmachine = 3\n" + WORKLOAD: "must be a list",
    "format = 1\nrsk = 0.1\n" + MACHINE + WORKLOAD: "did you mean 'risk'",
    "format = 1\nrisk = 0\n" + MACHINE + WORKLOAD: "a number from 1e-06 to 0.5",
    "format = 1\nrisk = 0.6\n" + MACHINE + WORKLOAD: "risk = 0.6",
    "format = 1\nutilisation = 1.5\n" + MACHINE + WORKLOAD: "utilisation = 1.5",
    "format = 1\nparts = 9\n" + MACHINE + WORKLOAD: "a whole number from 1 to 4",
    'format = 1\nobjective = "speed"\n' + MACHINE + WORKLOAD: "use one of cost, headroom",
    "format = 1\n" + MACHINE + MACHINE + WORKLOAD: "machine 'm' is listed twice",
    "format = 1\n" + MACHINE + WORKLOAD + WORKLOAD: "workload 'apache' is listed twice",
    "format = 1\n" + MACHINE.replace("2", "-1") + WORKLOAD: "count = -1",
    "format = 1\n" + MACHINE.replace("2", "1e9") + WORKLOAD: "a whole number from 0 to 100000",
    "format = 1\n" + MACHINE.replace("amd48", "amd49") + WORKLOAD: "unknown machine 'amd49'",
    "format = 1\n" + MACHINE + "host_cores = 48\n" + WORKLOAD: "host_cores = 48",
    "format = 1\n" + MACHINE + "min_cores_per_vm = 9\nmax_cores_per_vm = 8\n" + WORKLOAD: "min_cores_per_vm = 9",
    "format = 1\n" + MACHINE + 'systems = ["kwm"]\n' + WORKLOAD: "did you mean 'kvm'",
    "format = 1\n" + MACHINE + "price = nan\n" + WORKLOAD: "price = nan",
    "format = 1\n" + MACHINE + "price = 1\n" + MACHINE.replace('"m"', '"n"') + WORKLOAD: "machine[1] has no price",
    "format = 1\n" + MACHINE + WORKLOAD.replace("1000", "0"): "rate = 0 must be a positive number",
    "format = 1\n" + MACHINE + WORKLOAD.replace("1000", '"1000/s"'): "must be a positive number",
    "format = 1\n" + MACHINE + WORKLOAD + 'on = ["x"]\n': "use one of m",
    "format = 1\n" + MACHINE + WORKLOAD + 'slo = "p99"\n': "must be a limit such as p99=10ms",
    "format = 1\n" + MACHINE + WORKLOAD + 'slo = ["p99=1ms", "p99=2ms"]\n': "limit 'p99' is listed twice",
    "format = 1\n" + MACHINE + WORKLOAD.replace("apache", "histogram") + 'slo = "p99=1ms"\n': "is a finite job",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_refused_with_its_place(text: str) -> None:
    """The file, the field, what was given, and what is allowed."""
    with pytest.raises(InputError) as refused:
        read(text)
    assert str(refused.value).startswith("f.toml")
    assert WRONG[text] in str(refused.value)


def test_a_row_is_named_in_the_message() -> None:
    """Of two hundred rows, the one that is wrong."""
    with pytest.raises(InputError, match=r"f\.toml: machine\[1\] \('n'\): count"):
        read("format = 1\n" + MACHINE + MACHINE.replace('"m"', '"n"').replace("2", "2.5") + WORKLOAD)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def toml(value: object) -> str:
    """What TOML can say of a value."""
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c) & 0x7FFF:04x}" for c in value or "") + '"'  # type: ignore[attr-defined]


@pytest.mark.slow
@given(
    st.sampled_from(["risk", "utilisation", "parts", "objective", "budget", "currency", "name"]),
    st.sampled_from(["count", "price", "cores", "host_cores", "max_vms", "systems", "name", "machine"]),
    st.sampled_from(["rate", "survive", "least_machines", "on", "apart", "slo", "name", "workload"]),
    junk,
    st.integers(0, 2),
)
def test_whatever_a_field_holds_is_read_or_refused(
    top: str, machine: str, workload: str, value: object, at: int
) -> None:
    """A fleet, or an error about the input; nothing else comes out."""

    def row(text: str, field: str, *, here: bool) -> str:
        lines = [line for line in text.splitlines() if not (here and line.startswith(f"{field} "))]
        return "\n".join([*lines, *([f"{field} = {toml(value)}"] if here else [])]) + "\n"

    text = row("format = 1", top, here=at == 0) + row(MACHINE, machine, here=at == 1)
    try:
        fleet = read(text + row(WORKLOAD, workload, here=at == 2))
    except InputError:
        return
    assert (fleet.types[0].count, fleet.demands[0].rate) >= (0, 0.0)
