"""What the page needs to recompute a plan by itself: stations of every split, and which of them a control scales.

Models: nothing new. Each system's structure is taken at the central values of the inputs, for every split the planner
would try; a parameter that depends on the split becomes one number a split. The page then scales what its controls
say: time in the program, messages to other instances, the round trip of a message; it exchanges one lock's law for
another; and it solves the network exactly (``templates/solver.js``). Runs bend each split as they bend the plan's.
Assumptions: messages and broadcasts cost in proportion to the round trip, computing in proportion to itself.
When not to use it: beyond MOST_CORES, where a browser would not answer while a control is moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.evidence.condition import BEYOND
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.bends import bends
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.stretches import stretched

# Above it the controls are left out [cores].
MOST_CORES = 512
# Stations whose time is in proportion to the round trip of a message.
ROUND_TRIPS = (
    "address-space broadcast", "broadcast receiver", "directory listings", "listing receiver", "wake-ups",
    "owner's answer", "owner's responder",
)  # fmt: skip
# station -> the control that scales it
SCALED_BY = {"compute": "think", "messages": "messages", **dict.fromkeys(ROUND_TRIPS, "round_trip")}
# What the control of page tables offers: the virtualised systems of each paging mode.
PAGING = {
    mode: tuple(system.name for system in SYSTEMS.values() if system.paging == mode)
    for mode in ("direct", "shadow", "nested")
}
# what the control of messages offers, beside the workload's own number [messages a cycle]
MESSAGE_STEPS = (0.0, *(digit * 10.0**power for power in range(-3, 2) for digit in (1, 2, 5)))


def live_model(plan: Plan) -> dict[str, Any] | None:
    """The document that ``templates/live.js`` computes with; None for a machine too large for a browser."""
    if plan.constraints.usable > MOST_CORES:
        return None
    planned = list(dict.fromkeys(candidate.system for candidate in plan.candidates))
    # What runs say of a system that is not planned with nobody knows.
    others = [] if plan.workload.measured else [name for names in PAGING.values() for name in names]
    wanted = list(dict.fromkeys([*planned, *others]))
    systems = {name: found for name in wanted if (found := _system(plan, SYSTEMS[name]))}
    given = plan.workload.operations.get("messages")
    round_trip = plan.machine.quantities.get("message_round_trip")
    return {
        "unit": plan.workload.unit,
        "units_per_cycle": plan.workload.units_per_cycle,
        "job_units": plan.workload.job_units,
        "planned": planned,
        "modes": {mode: kept for mode, names in PAGING.items() if (kept := [n for n in names if n in systems])},
        "bare": [name for name in planned if not SYSTEMS[name].virtualised],
        "choice": {"system": plan.best.system, "vms": plan.best.vms, "threads": plan.best.split[0]},
        "single": None
        if plan.best_single is None
        else {"system": plan.best_single.system, "vms": 1, "threads": plan.best_single.split[0]},
        "limits": {
            "cores": plan.constraints.usable,
            "vms": max(int(vms) for system in systems.values() for vms in system["vms"]),
        },
        "messages": given.value if given else 0.0,
        "message_steps": sorted({*MESSAGE_STEPS, given.value if given else 0.0}),
        "round_trip_s": round_trip.value if round_trip else None,
        "beyond": BEYOND,
        "systems": systems,
    }


def _system(plan: Plan, system: System) -> dict[str, Any] | None:
    """One system's stations for all its splits; None when the machine lacks a cost or no split is allowed."""
    bounds = replace(plan.constraints, cores=plan.constraints.usable, host_cores=0, overcommit=1.0)
    splits = even_splits(system, plan.machine, plan.workload, bounds)
    if splits is None:
        return None
    try:
        structure = system.law(*_costs(plan), *splits.columns)
    except CannotAnswerError:
        return None
    return {
        "vms": splits.vms.astype(int).tolist(),
        "threads": splits.threads.astype(int).tolist(),
        "local": list(_stations(structure.local, splits)),
        "shared": list(_stations(structure.shared, splits)),
        "stretch": _column(structure.stretch, splits),
        "bend": _column(bends(plan, system, splits)[:, None], splits) if plan.workload.measured else 1.0,
        "stretched_by": _stretched_by(structure, splits),
        "startup_s": _column(structure.startup_s, splits),
    }


def _stretched_by(structure: Structure, splits: Splits) -> dict[str, float | list[float]]:
    """What stretches all times, and the share of the loss of each, so that the page's ledger is the plan's."""
    stretch = np.broadcast_to(np.asarray(structure.stretch, dtype=np.float64), (splits.vms.size, 1))[:, 0]
    return {name: _column(part[:, None], splits) for name, part in stretched(structure, stretch).items()}


def _costs(plan: Plan) -> tuple[Costs, Costs]:
    """Central values, with one message a cycle and a round trip of a second, which the page scales."""
    machine = _central(plan.machine.quantities)
    if "message_round_trip" in machine:
        machine["message_round_trip"] = np.ones((1, 1))
    operations = _central(plan.workload.operations)
    if "message_round_trip" in machine:
        operations["messages"] = np.ones((1, 1))
    return plan.machine.costs(machine), plan.workload.costs(operations)


def _central(quantities: Mapping[str, Quantity]) -> dict[str, Any]:
    return {name: np.full((1, 1), quantity.value) for name, quantity in quantities.items()}


def _stations(stations: Iterable[Station], splits: Splits) -> Iterable[dict[str, Any]]:
    for station in stations:
        yield {
            "name": station.name,
            "law": type(station).__name__,
            "parameters": [_column(parameter, splits) for parameter in station.parameters],
            "scaled_by": SCALED_BY.get(station.name),
        }


def _column(parameter: Any, splits: Splits) -> float | list[float]:
    """A number, or one for each split."""
    values = np.asarray(parameter, dtype=np.float64)
    if values.size == 1:
        return float(values.reshape(()))
    return np.broadcast_to(values, (splits.vms.size, 1))[:, 0].tolist()
