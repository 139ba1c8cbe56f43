"""A comparison of two plans, small, and its page."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from example_plan import a_plan

from cerberus_plan.planner.saved.compare import Comparison, compare_plans
from cerberus_plan.reports.pages.compare_page import compare_page

HOSTILE = "<script>alert(1)</script>"


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Of a program that computes a third longer, on more cores: two groups of inputs differ."""
    before, other = a_plan("apache", cores=8), a_plan("apache", cores=16)
    compute = other.workload.operations["compute"]
    slower = replace(compute, value=compute.value * 1.3, low=None, high=None)
    workload = replace(other.workload, operations={**other.workload.operations, "compute": slower})
    return (compare_plans(before, replace(other, workload=workload)),)


def a_document() -> dict[str, Any]:
    """What ``compare --json`` prints of them."""
    files = {name: {"file": f"{HOSTILE}-{name}.json", "made_with": "0"} for name in ("before", "after")}
    return {**files, "workloads": [one.to_json() for one in comparisons()]}


def a_comparison(times: int = 1) -> str:
    """The page, of as many workloads."""
    return compare_page(comparisons() * times, a_document(), command=["cerberus-plan", HOSTILE], version="0")
