"""Writes a workload as the TOML file that ``calibration.store.catalog`` reads.

What is written reads back as the same workload: numbers in SI units with all their digits.
"""

from __future__ import annotations

from cerberus_plan.calibration.store.measured_rows import to_rows, toml_text
from cerberus_plan.calibration.store.objective_table import objective_lines
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.workload import Workload

FORMAT = 1


def to_toml(workload: Workload) -> str:
    """The file's text."""
    lines = [
        f"format = {FORMAT}",
        f"name = {toml_text(workload.name)}",
        f"description = {toml_text(workload.description)}",
        f"unit = {toml_text(workload.unit)}",
        f"units_per_cycle = {workload.units_per_cycle!r}",
    ]
    if workload.job_units is not None:
        lines.append(f"job_units = {workload.job_units!r}")
    if workload.needs_network_card:
        lines.append("needs_network_card = true")
    if workload.memory_per_instance_bytes is not None:
        lines.append(f'memory_per_instance = {{ value = {workload.memory_per_instance_bytes!r}, unit = "B" }}')
    if workload.service_variability != 1.0:
        lines.append(f"service_variability = {workload.service_variability!r}")
    if workload.note:
        lines.append(f"note = {toml_text(workload.note)}")
    lines += ["", "[operations]", *(f"{name} = {_quantity(q)}" for name, q in workload.operations.items())]
    lines += objective_lines(workload.objective, dict(workload.limits))
    lines += to_rows(workload.measured, workload.latencies)
    return "\n".join(lines) + "\n"


def _quantity(quantity: Quantity) -> str:
    fields = [f"value = {quantity.value!r}", f"unit = {toml_text(quantity.unit)}"]
    fields += [f"{name} = {bound!r}" for name in ("low", "high") if (bound := getattr(quantity, name)) is not None]
    fields.append(f"provenance = {toml_text(quantity.provenance)}")
    if quantity.source:
        fields.append(f"source = {toml_text(quantity.source)}")
    return f"{{ {', '.join(fields)} }}"
