"""An independent judge: event-driven simulation of clusters, written from the system and not from the formulas.

``simulate`` picks the path: a jump chain for memoryless networks, an event heap for everything else.
``simulate_job`` runs finite jobs. Importing this package imports numba; do it where it is used.
"""

from cerberus_plan.model.simulation.job import JobSimulation, simulate_job
from cerberus_plan.model.simulation.pool import pool
from cerberus_plan.model.simulation.rules import Message, Rules
from cerberus_plan.model.simulation.run import Simulation, simulate

__all__ = ["JobSimulation", "Message", "Rules", "Simulation", "pool", "simulate", "simulate_job"]
