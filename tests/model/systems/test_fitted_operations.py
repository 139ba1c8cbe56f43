"""Operations of fitted curves: each scope is split by what owns it and by nothing else."""

import numpy as np
import pytest

from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems.registry import SYSTEMS

MACHINE = Costs("machine", {"nested_paging": 1.0, "kernel_virtualisation": 1.0})


def rate(system, vms, threads, **operations):
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    law = SYSTEMS[system].law
    structure = law(MACHINE, Costs("workload", operations), splits.vms[:, None], splits.threads[:, None])
    return float(throughput(structure, splits, 1)[0, 0])


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_one_instance_behaves_the_same_whoever_owns_the_lock(system):
    """With a single instance all owners are one."""
    rates = [
        rate(system, 1, 8, compute=1.0, **{name: 0.2}) for name in ("process_lock", "kernel_lock", "machine_resource")
    ]
    assert rates == pytest.approx([rates[0]] * 3)


def test_processes_split_their_own_lock_and_not_the_kernel_s():
    """Eight processes on one kernel still meet at its lock."""
    own, kernel = (rate("processes", 8, 1, compute=1.0, **{name: 0.2}) for name in ("process_lock", "kernel_lock"))
    assert own == pytest.approx(8 / 1.2)
    assert kernel == pytest.approx(rate("linux", 1, 8, compute=1.0, kernel_lock=0.2))


def test_vms_split_both_locks_but_not_the_machine():
    """A shared resource bounds any split."""
    assert rate("kvm", 8, 1, compute=1.0, kernel_lock=0.2) == pytest.approx(8 / 1.2)
    assert rate("kvm", 8, 1, compute=1.0, machine_resource=0.2) <= 5.0


def test_interference_does_not_care_how_cores_are_split():
    """Only the number of active cores counts."""
    whole, split = (rate("kvm", vms, 8 // vms, compute=1.0, machine_interference=0.1) for vms in (1, 4))
    assert whole == pytest.approx(8 / 1.7)
    assert split == pytest.approx(whole)
