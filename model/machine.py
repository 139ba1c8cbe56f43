"""A machine: where its cores are, and what each primitive costs on it.

Models: topology, measured or published costs by name, and limits such as the number of network cards.
Assumptions: one number a primitive (its dependence on distance is a separate primitive).
When not to use it: to carry what one program does; that is a workload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.model.objective import Prices
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.topology import Topology

# Assumed for machines with SMT where nobody measured: wide enough for compute-bound and memory-bound programs.
SMT_GAIN = Quantity(
    value=0.2,
    unit="1",
    low=0.05,
    high=0.35,
    provenance=Provenance.PUBLISHED,
    source="Bulpin and Pratt, WDDD (2004): 20 % on average; Marr et al., Intel Technology Journal 6 (2002): up to 30 %",
)
# Likewise for the slower kind of a hybrid's cores, whose clock and width are both lower.
EFFICIENCY_CORE_SPEED = Quantity(
    value=0.6,
    unit="1",
    low=0.4,
    high=0.8,
    provenance=Provenance.ASSUMED,
    source="between the ratio of clocks (0.75) and half; calibrate the machine to know",
)

_REMEDY = (
    "measure the machine with `cerberus-plan calibrate`, write the quantity into [quantities] of its file (there "
    '`costs = "linux-6"` takes assumed ones for all that are absent), or choose other systems with --system'
)


class Machine(Record):
    """A machine by name.

    Attributes:
        name: Short name, as given to ``--machine``.
        description: One line for people.
        topology: Where the cores are.
        quantities: Cost of each primitive, SI units, by name (``page_fault``, ``message_round_trip``, ...).
        limits: What bounds a plan: ``network_cards``, ``vcpus_per_vm``, ``memory_per_vm`` (absent: no bound).
        measured: True for a calibrated host.
        deployable: Its default systems are those of an ordinary host today: one Linux, processes, VMs.
        unstable: Why its calibration is not to be trusted and what to try, empty when it is stable.
        prices: What an instance and a core cost, None when nobody said.
        origin: Where it was read from, for messages.
    """

    name: str
    description: str
    topology: Topology
    quantities: Mapping[str, Quantity]
    limits: Mapping[str, Quantity] = field(default_factory=dict)
    measured: bool = False
    deployable: bool = False
    unstable: str = ""
    prices: Prices | None = None
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.topology.threads_per_core > 1 and "smt_gain" not in self.quantities:
            self.__dict__["quantities"] = {**self.quantities, "smt_gain": SMT_GAIN}
        if self.topology.efficiency_cpus and "efficiency_core_speed" not in self.quantities:
            self.__dict__["quantities"] = {**self.quantities, "efficiency_core_speed": EFFICIENCY_CORE_SPEED}

    def costs(self, values: Mapping[str, Any] | None = None) -> Costs:
        """What a system's law asks for: the central values, or values under draws."""
        given = {name: quantity.value for name, quantity in self.quantities.items()} if values is None else values
        where = f"machine {self.name!r}" + (f" ({self.origin})" if self.origin else "")
        return Costs(where, {**self.topology.counts(), **given}, remedy=_REMEDY)
