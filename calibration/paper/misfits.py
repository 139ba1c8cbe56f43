"""Published runs that the model misses by more than a fifth, for the warnings of plans.

``misfits.csv`` is what ``compare`` finds, in a form that reads fast: workload, system, VMs, threads a VM, published,
model, unit. A plan of such a program under such a system on the paper's machine names it.
Run: ``python -m cerberus_plan.calibration.paper.misfits`` writes the file again; a test compares.
When not to use it: for quantities that are no run (ratios, profile shares); ``reproduce`` shows those.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cerberus_plan.model.record import Record

# Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
FILE = Path(__file__).parent / "misfits.csv"
# Smallest factor between model and published that is worth a warning.
LEAST = 1.2
# Runs of the targets that are one split's time or throughput, by id.
RUNS: dict[str, tuple[str, str, int, int]] = {
    "hist.t.48.2": ("histogram", "cerberus", 24, 2),
    "hist.t.48.4": ("histogram", "cerberus", 12, 4),
    "hist.t.48.8": ("histogram", "cerberus", 6, 8),
    "hist.shadow.32": ("histogram", "xen-linux-shadow", 1, 32),
    "hist.direct.32": ("histogram", "xen-linux", 1, 32),
    "hist.pc.xen.30": ("histogram", "xen-linux", 1, 30),
    "dbench.48.2": ("dbench", "cerberus", 24, 2),
    "dbench.48.4": ("dbench", "cerberus", 12, 4),
    "dbench.48.8": ("dbench", "cerberus", 6, 8),
    "dbench.direct.32": ("dbench", "xen-linux", 1, 32),
    "dbench.shadow.32": ("dbench", "xen-linux-shadow", 1, 32),
    "apache.linux.2": ("apache", "linux", 1, 2),
    "apache.cerb.2": ("apache", "cerberus", 2, 1),
    "apache.cerb.16": ("apache", "cerberus", 8, 2),
    "apache.16.a": ("apache", "linux", 1, 16),
    "apache.16.b": ("apache", "xen-linux", 1, 16),
}


class Misfit(Record):
    """One published run that the model misses."""

    workload: str
    system: str
    vms: int
    threads: int
    published: float
    model: float
    unit: str

    @property
    def factor(self) -> float:
        """Model over published, or the inverse where that is larger."""
        return max(self.model / self.published, self.published / self.model)

    def to_line(self) -> str:
        """Its line in the file."""
        numbers = (f"{self.published:.6g}", f"{self.model:.4g}")
        return ",".join((self.workload, self.system, str(self.vms), str(self.threads), *numbers, self.unit))


@cache
def misfits() -> tuple[Misfit, ...]:
    """The stored misfits."""
    return tuple(_parsed(line.split(",")) for line in FILE.read_text(encoding="utf-8").splitlines())


def _parsed(cells: list[str]) -> Misfit:
    workload, system, vms, threads, published, model, unit = cells
    return Misfit(
        workload=workload, system=system, vms=int(vms), threads=int(threads),
        published=float(published), model=float(model), unit=unit,
    )  # fmt: skip


def found() -> Iterator[Misfit]:
    """The misfits of the shipped files, computed."""
    from cerberus_plan.calibration.paper.compare import compare

    for row in compare().rows:
        if row.id in RUNS and row.predicted is not None:
            workload, system, vms, threads = RUNS[row.id]
            # A gain over this run: the run's own error is the gain's.
            gain = row.error_other_reading is not None
            one = Misfit(
                workload=workload, system=system, vms=vms, threads=threads,
                published=1.0 + row.published / 100.0 if gain else row.published,
                model=1.0 + row.predicted / 100.0 if gain else row.predicted,
                unit="times the time of Cerberus" if gain else row.unit,
            )  # fmt: skip
            if one.factor > LEAST:
                yield one


def main() -> None:
    """Write the file."""
    from cerberus_plan.calibration.store.files import write_atomically

    write_atomically(FILE, "".join(one.to_line() + "\n" for one in found()))


if __name__ == "__main__":
    main()
