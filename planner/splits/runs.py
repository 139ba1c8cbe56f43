"""The runs of splits that a plan extends, which of its candidates they are runs of, and how more are made.

Models: a run of one instance is one of one Linux, a run of several one of processes on it
(``planner.evidence.condition``); a candidate with more threads than cores is none of them.
When not to use it: for what the runs say; ``planner.evidence`` has that.
"""

from __future__ import annotations

from collections.abc import Iterable

from cerberus_plan.model.measurement import ran_on
from cerberus_plan.model.record import Record
from cerberus_plan.planner.plan import Candidate


class Runs(Record):
    """Runs of splits.

    Attributes:
        splits: Instances and cores of each, every split once; none where the plan rests on demands alone.
    """

    splits: frozenset[tuple[int, int | None]] = frozenset()

    def hold(self, candidate: Candidate) -> bool:
        """Whether the candidate is a split that was run, under the system that it was run with."""
        split = (candidate.vms, candidate.cores_per_vm)
        return can_run(candidate) and split in self.splits

    def of_split(self, candidate: Candidate) -> bool:
        """Whether the split was run, under whatever system: a row [[measured]] tells of none but that of its own."""
        return (candidate.vms, candidate.cores_per_vm) in self.splits


def can_run(candidate: Candidate) -> bool:
    """Whether we run it ourselves: one Linux, or processes on it, with a core for each thread."""
    return candidate.overcommit == 1.0 and candidate.system == ran_on(candidate.vms)


def command(splits: Iterable[tuple[int, int]]) -> str:
    """What a person types to run these splits and keep them where the next plan finds them."""
    named = ",".join(f"{instances}x{cores}" for instances, cores in splits)
    return f"`cerberus-plan tune --splits {named} --record FILE -- COMMAND`"
