"""A machine: where its cores are, and what each primitive costs on it.

Models: topology, measured or published costs by name, and limits such as the number of network cards.
Assumptions: one number a primitive (its dependence on distance is a separate primitive).
When not to use it: to carry what one program does; that is a workload.
"""

from __future__ import annotations

from collections.abc import Mapping

from model.quantity import Quantity
from model.record import Record, field
from model.topology import Topology


class Machine(Record):
    """A machine by name.

    Attributes:
        name: Short name, as given to ``--machine``.
        description: One line for people.
        topology: Where the cores are.
        quantities: Cost of each primitive, SI units, by name (``page_fault``, ``message_round_trip``, ...).
        limits: What bounds a plan: ``network_cards``, ``vcpus_per_vm``, ``memory_per_vm`` (absent: no bound).
        measured: True for a calibrated host, whose default systems are the deployable ones.
    """

    name: str
    description: str
    topology: Topology
    quantities: Mapping[str, Quantity]
    limits: Mapping[str, Quantity] = field(default_factory=dict)
    measured: bool = False
