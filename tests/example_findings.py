"""Documents of observe, tune, verify, explain and audit, small and made up, for tests of what is shown."""

from __future__ import annotations

from functools import cache
from typing import Any

from example_plan import a_plan

from cerberus_plan.planner.evidence.whose import CAUSES
from cerberus_plan.planner.splits.explain import explain as explained
from cerberus_plan.reports.pages.audit_page import audit_page
from cerberus_plan.reports.pages.explain_page import explain_page
from cerberus_plan.reports.pages.observe_page import observe_page
from cerberus_plan.reports.pages.tune_page import tune_page
from cerberus_plan.reports.pages.verify_page import verify_page

HOSTILE = "<script>alert(1)</script>"
MADE: dict[str, Any] = {"command": ["cerberus-plan", HOSTILE], "version": "0"}

TUNE: dict[str, Any] = {
    "runs": [
        {"instances": m, "cores_per_instance": k, "value": value, "throughput": value, "seconds": 2.5,
         "others": 0.01, "stolen": 0.0, "regret_after": regret}
        for m, k, value, regret in ((1, 8, 100.0, 0.3), (8, 1, 180.0, 0.12), (4, 2, 240.5, 0.04), (4, 2, 236.0, 0.03))
    ],
    "best": {"instances": 4, "cores_per_instance": 2, "value": 238.0, "low": 225.0, "high": 250.0,
             "measured": True, "probability_best": 0.9},
    "quantity": "throughput", "level": 0.9, "regret": 0.03, "stopped": "budget",
}  # fmt: skip
VERIFY: dict[str, Any] = {
    "pinned_by": "affinity",
    "splits": [
        {"split": [2], "measured": {"value": 1.0, "low": None, "high": None},
         "predicted": {"value": 1.0, "low": None, "high": None}, "agrees": None, "seconds": [2.0, 2.1]},
        {"split": [1, 1], "measured": {"value": 1.0, "low": 0.9, "high": 1.1},
         "predicted": {"value": 1.7, "low": 1.4, "high": 2.0}, "agrees": False, "verdict": "disagree",
         "trust": "the runs", "next": "observe it again", "seconds": [2.2, 2.0]},
    ],
    "samples": [],
    "notes": [f"Processes on one kernel {HOSTILE}."],
}  # fmt: skip
AUDIT: dict[str, Any] = {
    "plan": f"{HOSTILE}/plan.json",
    "verdict": f"3 deviations in 4 instances; wrong CPUs cost 45 % of 100 {HOSTILE}.",
    "checked": 4,
    "deviations": [
        {"instance": "a-00", "kind": "memory", "what": "less", "source": "a-00.cfg", "price": None, "cpus": [0, 1]},
        {"instance": "a-01", "kind": "cpus", "what": "CPU 7", "source": "a-01.cfg", "price": 0.1, "cpus": [7]},
        {"instance": "a-02", "kind": "cpus", "what": f"CPU 7 {HOSTILE}", "source": "a-02.cfg", "price": 0.4,
         "cpus": [7]},
    ],
    "total_price": 0.45,
    "topology": {"cpus": list(range(12)), "sockets": [0] * 6 + [1] * 6, "numa_nodes": [0] * 6 + [1] * 6,
                 "l3_groups": [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3, "cores": list(range(12))},
    "instances": [{"name": f"a-0{at}", "cpus": [2 * at, 2 * at + 1]} for at in range(4)],
    "host_cpus": [11],
}  # fmt: skip
OBSERVE: dict[str, Any] = {
    "command": ["./program", HOSTILE],
    "program": f"./program '{HOSTILE}'",
    "unit": "runs/s",
    "complete": True,
    "curve": [{"n": 1, "values": [10.0, 10.2]}, {"n": 2, "values": [12.0, 12.5]}],
    "demands": [{"user_s": 0.1, "system_s": 0.01, "page_faults": 65.0, "voluntary_switches": None}] * 2,
    "measured": [
        {"instances": 1, "cores_per_instance": 2, "value": 12.0},
        {"instances": 2, "cores_per_instance": 1, "value": 18.0},
    ],
    "system_call_mix": {"file": 3.5},
    "findings": [f"repeats differ {HOSTILE}"],
    "operations": {
        "compute": {"value": 0.1, "unit": "s", "low": None, "high": None, "provenance": "measured", "source": HOSTILE},
        "page_faults": {
            "value": 65.0,
            "unit": "1",
            "low": None,
            "high": None,
            "provenance": "measured",
            "source": HOSTILE,
        },
    },
    "ledger": [
        {
            "cores": 1,
            "core_seconds": 0.11,
            "parts": [
                {
                    "name": "compute",
                    "seconds": 0.1,
                    "share": 0.9,
                    "low": 0.85,
                    "high": 0.95,
                    "provenance": "measured",
                    "source": "user time",
                },
                {
                    "name": "page_fault",
                    "seconds": 0.011,
                    "share": 0.1,
                    "low": None,
                    "high": None,
                    "provenance": "derived",
                    "source": "65 of them",
                },
            ],
        },
        {
            "cores": 2,
            "core_seconds": 0.2,
            "parts": [
                {
                    "name": "compute",
                    "seconds": 0.1,
                    "share": 0.5,
                    "low": 0.4,
                    "high": 0.6,
                    "provenance": "measured",
                    "source": "user time",
                },
                {
                    "name": "waiting",
                    "seconds": 0.1,
                    "share": 0.5,
                    "low": 0.4,
                    "high": 0.6,
                    "provenance": "derived",
                    "source": "what is left",
                },
            ],
        },
    ],
    "owner": {"process": 0.7, "kernel": 0.1, "machine": 0.15, "others": 0.0, "instances": 0.045, "none": 0.005},
    "causes": CAUSES,
    "owner_on_cores": 2,
    "owner_from_splits": True,
    "owner_next": None,
}


def tune() -> str:
    return tune_page(TUNE, **MADE)


def verify() -> str:
    return verify_page(VERIFY, **MADE)


def audit() -> str:
    return audit_page(AUDIT, **MADE)


def observe() -> str:
    return observe_page(OBSERVE, **MADE)


@cache
def explanation() -> dict[str, Any]:
    plan = a_plan("dbench", cores=16)
    found = [explained(plan, candidate).to_json() for candidate in (plan.best, plan.best_single) if candidate]
    return {"plans": [{"workload": plan.workload.name, "explanations": found}]}


def explain() -> str:
    return explain_page(explanation(), [a_plan("dbench", cores=16).verdict], notes=[HOSTILE, ""], **MADE)
