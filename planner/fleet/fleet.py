"""A fleet: machines one has or may buy, workloads with the rates they must reach, and what counts as enough.

Nouns only; ``fleet_file`` reads them, ``offers`` says what each machine does for each workload, ``program`` chooses.
"""

from __future__ import annotations

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.record import Record
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints

OBJECTIVES = ("cost", "headroom")


class MachineType(Record):
    """Machines that are alike.

    Attributes:
        name: What the fleet calls them.
        machine: The machine.
        constraints: What its plans must respect.
        systems: Names of the systems to consider.
        count: How many there are.
        price: What one costs, in the fleet's currency; its usable cores where the fleet has no prices.
    """

    name: str
    machine: Machine
    constraints: Constraints
    systems: tuple[str, ...]
    count: int
    price: float


class Demand(Record):
    """A workload and the rate that it must reach.

    Attributes:
        name: What the fleet calls it.
        workload: The workload.
        rate: Wanted throughput of all its machines together, in the workload's unit.
        survive: The rate must hold after the loss of this many machines, whichever they are.
        least_machines: Fewest machines it is spread over.
        on: Names of the machine types it may use; empty for all.
        apart: Workloads with the same label never share a machine; empty for none.
        slos: Limits of the response time.
    """

    name: str
    workload: Workload
    rate: float
    survive: int = 0
    least_machines: int = 1
    on: tuple[str, ...] = ()
    apart: str = ""
    slos: tuple[Slo, ...] = ()


class Fleet(Record):
    """What is asked.

    Attributes:
        name: What to call it.
        types: Kinds of machines.
        demands: Workloads with their rates.
        risk: Probability with which a machine may do less than what is counted on.
        utilisation: Largest load of a machine, as a share of what is counted on.
        parts: Equal parts that a machine may be cut into, each for another workload; 1 for no sharing.
        objective: ``cost``, the least, or ``headroom``, the most.
        budget: Most that may be spent, None for no bound.
        currency: What prices are in; "cores" where there are none.
    """

    name: str
    types: tuple[MachineType, ...]
    demands: tuple[Demand, ...]
    risk: float = 0.05
    utilisation: float = 0.8
    parts: int = 1
    objective: str = "cost"
    budget: float | None = None
    currency: str = ""
