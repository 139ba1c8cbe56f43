"""The model's side: published runs evaluated on the shipped files, for one or many sets of fitted values at once.

Models: the same structures as the planner's. Values given replace those of the files by (file, name); each is an
array with one number a draw, and every result has one number a draw.
When not to use it: to choose a split; ask the planner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.structure import Costs, Structure, StructureLaw
from cerberus_plan.model.systems.registry import SYSTEMS

# (file, quantity): a machine's or workload's shipped file name and the quantity in it
Key = tuple[str, str]
# machine of each workload's published runs
MACHINE_OF = {"histogram": "amd48", "dbench": "amd48", "apache": "intel16", "memcached": "intel16"}

Splitting = tuple[int, int]


@dataclass(frozen=True)
class Runs:
    """Evaluates runs as (workload, system, VMs, threads per VM).

    Attributes:
        values: Replacements of shipped values, SI, shape (draws,) each.
        wanted: Splits to evaluate together, by (workload, system); others are evaluated when asked for.
        laws: Structures to use instead of the systems' own, by system.
    """

    values: Mapping[Key, Array]
    wanted: Mapping[tuple[str, str], tuple[Splitting, ...]]
    laws: Mapping[str, StructureLaw] = field(default_factory=dict)

    @cached_property
    def _found(self) -> dict[tuple[str, str, int, int], tuple[Array, Array]]:
        return {}

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return max((array.size for array in self.values.values()), default=1)

    def cost(self, file: str, name: str) -> Array:
        """A quantity of a machine or workload [SI]: shape (draws,) or (1,)."""
        if (file, name) in self.values:
            return self.values[file, name]
        held = catalog.machine(file).quantities if file in MACHINE_OF.values() else catalog.workload(file).operations
        return np.array([held[name].value])

    def rate(self, workload: str, system: str, vms: int, threads: int) -> Array:
        """Units of work per second: shape (draws,)."""
        return self._run(workload, system, vms, threads)[0]

    def seconds(self, workload: str, system: str, vms: int, threads: int) -> Array:
        """Completion time of a finite job, start-up included [s]: shape (draws,)."""
        rate, startup = self._run(workload, system, vms, threads)
        units = catalog.workload(workload).job_units
        if units is None:
            raise ValueError(f"{workload} is not a finite job")
        return units / rate + startup

    def _run(self, workload: str, system: str, vms: int, threads: int) -> tuple[Array, Array]:
        key = (workload, system, vms, threads)
        if key not in self._found:
            planned = self.wanted.get((workload, system), ())
            together = planned if (vms, threads) in planned else ((vms, threads),)
            self._evaluate(workload, system, together)
        return self._found[key]

    def _evaluate(self, workload: str, system: str, together: tuple[Splitting, ...]) -> None:
        splits = Splits(vms=np.array([v for v, _ in together]), threads=np.array([m for _, m in together]))
        structure = self.structure(workload, system, splits)
        shape = (len(together), self.n_draws)
        rates = throughput(structure, splits, self.n_draws) * catalog.workload(workload).units_per_cycle
        startups = np.broadcast_to(structure.startup_s, shape)
        for row, (vms, threads) in enumerate(together):
            self._found[workload, system, vms, threads] = (rates[row], startups[row])

    def structure(self, workload: str, system: str, splits: Splits) -> Structure:
        """The stations of these splits."""
        machine = MACHINE_OF[workload]
        law = self.laws.get(system, SYSTEMS[system].law)
        return law(
            self._costs(machine, catalog.machine(machine).quantities),
            self._costs(workload, catalog.workload(workload).operations),
            *splits.columns,
        )

    def _costs(self, file: str, quantities: Mapping[str, Quantity]) -> Costs:
        values: dict[str, float | Array] = {name: quantity.value for name, quantity in quantities.items()}
        values.update({name: array[None, :] for (owner, name), array in self.values.items() if owner == file})
        return Costs(file, values)
