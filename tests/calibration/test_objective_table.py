"""The tables [objective], [limits] and [prices]: what is read, what is refused, what is written reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.objective import KINDS, LOSSES, Objective, Prices, Slo

_WORKLOAD = """format = 1
name = "web"
unit = "requests/s"
units_per_cycle = 1.0
[operations]
compute = { value = 30, unit = "us" }
"""


def test_all_that_may_be_said_is_read() -> None:
    """Rates in the workload's unit, limits as texts with units."""
    text = _WORKLOAD + (
        "[objective]\nrate = 20000\nsurvive = 'socket'\nslo = { p99 = '10ms', mean = '2 ms', 'p99.9' = '1s' }\n"
        "[limits]\nmax_vms = 8\nmin_vms = 2\nmax_cores_per_vm = 16\nmin_cores_per_vm = 2\n"
    )
    found = catalog.parse_workload(text, "web.toml")
    assert found.objective == Objective(
        kind="cost",
        rate=20000.0,
        survive="socket",
        slos=(Slo(name="p99", seconds=0.01), Slo(name="mean", seconds=0.002), Slo(name="p99.9", seconds=1.0)),
    )
    assert found.limits == {"max_vms": 8, "min_vms": 2, "max_cores_per_vm": 16, "min_cores_per_vm": 2}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[objective]\nrate = -1\n", "rate"),
        ("[objective]\nrate = '20000/s'\n", "rate"),
        ("[objective]\nkind = 'fast'\n", "throughput, latency, cost"),
        ("[objective]\nkind = 'latency'\n", "needs a rate"),
        ("[objective]\nsurvive = 'war'\n", "instance, socket"),
        ("[objective]\nslo = { p99 = 10 }\n", "slo: p99"),
        ("[objective]\nslo = { p99 = '10 parsecs' }\n", "such as p99=10ms"),
        ("[objective]\nslo = { p100 = '10ms' }\n", "percentile up to p99.99"),
        ("[objective]\nslo = { p99 = '0ms' }\n", "positive time"),
        ("[objective]\nspeed = 1\n", "unknown field 'speed'"),
        ("[limits]\nmax_vms = 0\n", "max_vms"),
        ("[limits]\nmax_vms = 2\nmin_vms = 3\n", "min_vms = 3 is above max_vms = 2"),
        ("[limits]\nvms = 3\n", "unknown field 'vms'"),
        ("objective = 3\n", "objective"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(table: str, says: str) -> None:
    """File, table, field, and what is allowed."""
    text = table + _WORKLOAD if table.startswith("objective =") else _WORKLOAD + table
    with pytest.raises(InputError, match=says) as told:
        catalog.parse_workload(text, "web.toml")
    assert "web.toml" in str(told.value)


def test_prices_are_the_machines() -> None:
    """Read from its file, refused where they mean nothing."""
    text = "format = 1\nname = 'm'\n[topology]\nsockets = 1\ncores_per_l3 = 4\n[quantities]\n"
    found = catalog.parse_machine(text + "[prices]\nper_core = 5\nunit = 'EUR/month'\n", "m.toml")
    assert found.prices == Prices(per_core=5.0, unit="EUR/month")
    with pytest.raises(InputError, match="prices: per_core"):
        catalog.parse_machine(text + "[prices]\nper_core = -5\n", "m.toml")
    with pytest.raises(InputError, match="a price above 0"):
        catalog.parse_machine(text + "[prices]\nunit = 'EUR'\n", "m.toml")


slos = st.lists(
    st.builds(
        Slo,
        name=st.sampled_from(["mean", "p50", "p99", "p99.9"]),
        seconds=st.floats(1e-9, 1e3, exclude_min=True),
    ),
    unique_by=lambda slo: slo.name,
    max_size=3,
).map(tuple)


@pytest.mark.slow
@given(st.sampled_from(KINDS), st.floats(1e-3, 1e9), st.sampled_from(["", *LOSSES]), slos)
def test_what_is_written_reads_back(kind: str, rate: float, survive: str, limits: tuple[Slo, ...]) -> None:
    """With every digit."""
    base = catalog.parse_workload(_WORKLOAD + "[limits]\nmin_vms = 2\n", "web.toml")
    objective = Objective(kind=kind, rate=rate, survive=survive, slos=limits)
    workload = type(base)(**{**base.__dict__, "objective": objective})
    assert catalog.parse_workload(to_toml(workload), "web.toml") == workload
