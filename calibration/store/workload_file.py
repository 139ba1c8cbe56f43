"""Writes a workload as the TOML file that ``calibration.store.catalog`` reads.

What is written reads back as the same workload: numbers in SI units with all their digits.
"""

from __future__ import annotations

import json

from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.workload import Workload

FORMAT = 1


def to_toml(workload: Workload) -> str:
    """The file's text."""
    lines = [
        f"format = {FORMAT}",
        f"name = {_text(workload.name)}",
        f"description = {_text(workload.description)}",
        f"unit = {_text(workload.unit)}",
        f"units_per_cycle = {workload.units_per_cycle!r}",
    ]
    if workload.job_units is not None:
        lines.append(f"job_units = {workload.job_units!r}")
    if workload.needs_network_card:
        lines.append("needs_network_card = true")
    if workload.memory_per_instance_bytes is not None:
        lines.append(f'memory_per_instance = {{ value = {workload.memory_per_instance_bytes!r}, unit = "B" }}')
    if workload.note:
        lines.append(f"note = {_text(workload.note)}")
    lines += ["", "[operations]", *(f"{name} = {_quantity(q)}" for name, q in workload.operations.items())]
    return "\n".join(lines) + "\n"


def _quantity(quantity: Quantity) -> str:
    fields = [f"value = {quantity.value!r}", f"unit = {_text(quantity.unit)}"]
    fields += [f"{name} = {bound!r}" for name in ("low", "high") if (bound := getattr(quantity, name)) is not None]
    fields.append(f"provenance = {_text(quantity.provenance)}")
    if quantity.source:
        fields.append(f"source = {_text(quantity.source)}")
    return f"{{ {', '.join(fields)} }}"


def _text(text: str) -> str:
    """A TOML basic string: as in JSON, except that DEL must be escaped and lone surrogates cannot be said."""
    clean = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
