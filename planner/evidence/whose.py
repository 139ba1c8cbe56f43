"""Who owns the contention of an observed program: its process, the kernel, the machine, other programs, nobody.

    P(process) = P(inside),  P(instances) = P(between),  P(none)          ``calibration.splits.owner``
    P(kernel), P(machine), P(others) = P(machine's) x their shares of what grows with cores:
    kernel dS + dW/2 + e/2,  machine dU + dW/2 + e/2,  others dO,  each over the sum

The instances of an observation are processes on one kernel: what a split takes away is the process's own, what it
leaves all processes share. Whose that is the splits cannot tell; the ledger of a unit of work can: system time that
grows with cores (dS) is the kernel's, user time that does (dU) the hardware's, time of other programs (dO) theirs, and
waiting (dW) may be the kernel's or a device's. e is `DOUBT` of a unit's core-seconds: where nothing has grown, kernel
and machine are alike.
Assumptions: the splits are of the largest number of cores; time that the kernel waits for memory counts as the
kernel's. When not to use it: as a proof; for virtual machines, each with a kernel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.programs.unit_ledger import OTHERS, SYSTEM_GROWTH, USER_GROWTH, WAITING, UnitLedger
from cerberus_plan.calibration.splits.measured import Measured, Split, named
from cerberus_plan.calibration.splits.owner import deciding, owner
from cerberus_plan.calibration.splits.posterior import weigh
from cerberus_plan.calibration.splits.prior import shipped
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.record import Record

CAUSES = {
    "process": "a lock or a serial share of the process itself; more processes take it away",
    "kernel": "the kernel that all processes share; virtual machines take it away, processes do not",
    "machine": "the machine: caches, memory, second hardware threads, a device; no split takes it away",
    "others": "other programs that ran meanwhile; a quiet host takes it away",
    "instances": "the price of several instances: messages, work that each repeats; fewer of them cost less",
    "none": "nothing that takes five per cent",
}
# Growth that says nothing, as a share of a unit's core-seconds on the fewest cores.
DOUBT = 0.05


class Whose(Record):
    """Probabilities of the owners on so many cores.

    Attributes:
        cores: Cores of the largest run.
        probability: Of each of ``CAUSES``; sums to 1.
        several: Whether several instances were run; without, the answer is hardly more than what is believed before.
        decide: The run that would tell more; None where the owner is known or no run would.
    """

    cores: int
    probability: Mapping[str, float]
    several: bool
    decide: Split | None

    def to_json(self) -> dict[str, Any]:
        """As JSON has it: probabilities beside their meaning."""
        return {
            "owner": dict(self.probability),
            "causes": CAUSES,
            "owner_on_cores": self.cores,
            "owner_from_splits": self.several,
            "owner_next": None if self.decide is None else named(self.decide),
        }


def whose(rows: Sequence[Measurement], ledgers: Sequence[UnitLedger]) -> Whose | None:
    """Who owns the contention; None where fewer than two splits, or one core only, was run.

    Args:
        rows: What was run, of one instance and of several.
        ledgers: Of a unit of work, the fewest cores first.
    """
    if not rows:
        return None
    measured = Measured.of(rows)
    if len(measured.splits) < 2 or measured.largest < 2:
        return None
    scopes = owner(weigh(measured, shipped()), measured.largest)
    shared = {name: scopes["machine"] * share for name, share in shared_by(ledgers).items()}
    return Whose(
        cores=measured.largest,
        probability={"process": scopes["inside"], **shared, "instances": scopes["between"], "none": scopes["none"]},
        several=any(instances > 1 for instances, _ in measured.splits),
        decide=deciding(measured, scopes, measured.largest),
    )


def shared_by(ledgers: Sequence[UnitLedger]) -> dict[str, float]:
    """Shares of kernel, machine and others in what all processes share, by what grew with cores; they sum to 1."""
    if len(ledgers) < 2:
        return {"kernel": 0.5, "machine": 0.5, "others": 0.0}
    first, last = ledgers[0], ledgers[-1]
    system, user, waiting, others = (
        max(last.seconds(name) - first.seconds(name), 0.0) for name in (SYSTEM_GROWTH, USER_GROWTH, WAITING, OTHERS)
    )
    either = (waiting + DOUBT * first.core_seconds) / 2
    whole = system + user + others + 2 * either
    return {"kernel": (system + either) / whole, "machine": (user + either) / whole, "others": others / whole}
