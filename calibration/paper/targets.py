"""What the model is judged on: 30 published quantities, and one more that is reported with its error.

Two are judged though ambiguous (Xen-Linux on 30 cores, dbench on Xen-Linux); the model misses both.

Readings: a percentage "p % better" is taken as a ratio of 1 + p / 100 and its error on that ratio (the other reading,
p % less time, would exceed the source's own largest gain for 57 %). Profile shares of functions that are one
mechanism are added. Of the two Apache numbers at 16 cores 1099 is read as Linux and 1085 as Xen-Linux, the order of
the published ratios 3.49 and 3.53.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cerberus_plan.calibration.paper.facts import Fact, facts


class Role(StrEnum):
    """What a published quantity was used for."""

    INPUT = "input"  # a primitive or share that a value of the machine is taken from
    CALIBRATED = "calibrated"  # in the loss of the fit
    PREDICTED = "predicted"  # not used for any value
    REPORTED = "reported"  # shown, not judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One quantity to compare.

    Attributes:
        id: Id of its first fact.
        parts: Facts that are added.
        role: What it was used for.
        gain: True for "p % better", compared as 1 + p / 100.
        note: How it is read or why it is not judged.
    """

    id: str
    parts: tuple[str, ...]
    role: Role
    gain: bool = False
    note: str = ""

    @property
    def fact(self) -> Fact:
        """Its first fact: unit, place and description."""
        return facts()[self.id]

    @property
    def published(self) -> float:
        """The published value, parts added, in the printed unit."""
        return round(sum(facts()[part].value for part in self.parts), 10)

    @property
    def judged(self) -> bool:
        """Whether it counts in the verdict."""
        return self.role is not Role.REPORTED

    def comparable(self, value: float) -> float:
        """The number whose relative error counts."""
        return 1 + value / 100 if self.gain else value


def _target(fact_id: str, role: Role, *more: str, gain: bool = False, note: str = "") -> Target:
    return Target(id=fact_id, parts=(fact_id, *more), role=role, gain=gain, note=note)


_GAIN = "read as a ratio of 1 + p / 100"
_SEARCH = "both functions of the block search added"
TARGETS: tuple[Target, ...] = (
    _target("prim.cfs.remote", Role.PREDICTED, note="own read and one message there and back"),
    _target("prim.net.localhost.cerberus.remote", Role.PREDICTED, note="own card and four messages there and back"),
    _target("prim.net.remote-host.cerberus.remote", Role.PREDICTED, note="own card and two messages there and back"),
    _target("hist.t.48.2", Role.CALIBRATED),
    _target("hist.t.48.4", Role.CALIBRATED),
    _target("hist.t.48.8", Role.CALIBRATED),
    _target("hist.shadow.32", Role.CALIBRATED),
    _target("hist.direct.32", Role.CALIBRATED),
    _target("hist.pc.linux.48", Role.CALIBRATED, gain=True, note=_GAIN),
    _target("hist.pc.linux.42", Role.CALIBRATED, gain=True, note=_GAIN),
    _target("hist.pc.linux.24", Role.CALIBRATED, gain=True, note=_GAIN),
    _target("hist.pc.xen.24", Role.CALIBRATED, gain=True, note=_GAIN),
    _target("prof.histogram.linux.48.calc_hist", Role.CALIBRATED),
    _target("prof.histogram.xen-linux.32.calc_hist", Role.CALIBRATED),
    _target("dbench.48.2", Role.CALIBRATED),
    _target("dbench.48.4", Role.CALIBRATED),
    _target("dbench.48.8", Role.CALIBRATED),
    _target("dbench.ratio.48", Role.CALIBRATED),
    _target("dbench.ratio.42", Role.CALIBRATED, note="2 cores per VM: 42 VMs were not possible"),
    _target("dbench.ratio.24", Role.CALIBRATED, note="1 core per VM"),
    _target(
        "prof.dbench.linux.48.ext3_test_allocatable",
        Role.CALIBRATED,
        "prof.dbench.linux.48.bitmap_search_next_usable_block",
        note=_SEARCH,
    ),
    _target(
        "prof.dbench.xen-linux.32.ext3_test_allocatable",
        Role.CALIBRATED,
        "prof.dbench.xen-linux.32.bitmap_search_next_usable_block",
        note=_SEARCH,
    ),
    _target("apache.linux.2", Role.CALIBRATED),
    _target("apache.cerb.2", Role.CALIBRATED),
    _target("apache.cerb.16", Role.CALIBRATED, note="8 VMs of 2: one a network card"),
    _target("apache.16.a", Role.CALIBRATED, note="read as Linux"),
    _target("apache.16.b", Role.CALIBRATED, note="read as Xen-Linux"),
    _target("apache.frac", Role.CALIBRATED),
    _target("hist.pc.xen.30", Role.PREDICTED, gain=True, note="needs Xen-Linux to worsen sharply from 30 to 32 cores"),
    _target("dbench.direct.32", Role.PREDICTED, note="suspected copy of the 246.54 s of histogram"),
    _target(
        "dbench.shadow.32", Role.REPORTED, note="not judged: one number of an unexplained collapse; plans warn of it"
    ),
)

# Profile shares and ratios beside the 31: the model's ledger answers them, nothing was fitted to them.
ALSO_REPORTED: tuple[Target, ...] = (
    _target(
        "prof.histogram.linux.48.__up_read",
        Role.REPORTED,
        "prof.histogram.linux.48.__down_read_trylock",
        note="not judged: the model puts all but compute under the lock; the profile has more functions",
    ),
    _target(
        "prof.histogram.xen-linux.32.vmlinux-unknown",
        Role.REPORTED,
        note="not judged: the model has no other kernel time; the share of compute beside it is judged",
    ),
    _target(
        "prof.histogram.cerberus.2perVM.calc_hist",
        Role.REPORTED,
        note="not judged: an input of the shadow lock's hold; the model's cores never halt",
    ),
    _target("hist.x12", Role.REPORTED, note="not judged: published as a lower bound, a quotient of two judged numbers"),
    _target("apache.ratio.linux", Role.REPORTED, note="not judged: a quotient of two judged numbers"),
    _target("apache.ratio.xen", Role.REPORTED, note="not judged: a quotient of two judged numbers"),
    _target("head.linux.max", Role.REPORTED, note="not judged: the same number as dbench at 42 cores"),
    _target(
        "head.xen.max",
        Role.REPORTED,
        note="not judged: dbench, 48 cores over 32; implies 182.8 MB/s for Xen-Linux, not 246.54",
    ),
)
# Published numbers that values of the machines are taken from.
INPUTS: frozenset[str] = frozenset(
    {
        "prim.net.localhost.linux", "prim.net.localhost.xen-linux", "prim.net.localhost.cerberus.local",
        "prim.net.remote-host.cerberus.local", "prim.fork.1", "prim.fork.24", "prim.clone.1", "prim.clone.24",
        "prim.msg.same_chip", "prim.msg.cross_chip", "prim.cfs.local", "dbench.linux.fall.from", "dbench.linux.fall.to",
        "dbench.cross", "dbench.peak.1", "dbench.peak.2", "prof.histogram.linux.1.calc_hist",
        "prof.histogram.xen-linux.1.calc_hist", "prof.histogram.cerberus.2perVM.sh_x86_emulate_cmpxchg__guest_2",
        "prof.histogram.cerberus.2perVM.calc_hist", "prof.dbench.linux.1.libc", "prof.dbench.linux.1.copy_user_generic",
        "prof.dbench.xen-linux.1.libc", "prof.dbench.xen-linux.1.copy_user_generic",
    }
)  # fmt: skip
