"""The whole probe: with a real /dev/kvm where there is one, and without."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cerberus_plan.calibration import kvm
from cerberus_plan.calibration.kvm import guest, programs, supervise
from cerberus_plan.calibration.kvm.booted_guest import Session, Task
from cerberus_plan.calibration.kvm.probes import Lab, count_page_table_events, phases
from cerberus_plan.calibration.kvm.result import LOCK, MEANING
from cerberus_plan.calibration.kvm.vm import Kvm, KvmRefusedError, VirtualMachine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def device() -> Iterator[Kvm]:
    """The real device; skips loudly where it cannot be used."""
    try:
        opened = Kvm()
    except KvmRefusedError as error:
        pytest.skip(f"KVM CANNOT BE PROBED HERE, hardware tests of calibration/kvm did not run: {error}")
    with opened:
        try:
            VirtualMachine(opened).close()
        except KvmRefusedError as error:
            pytest.skip(f"KVM MAKES NO VM HERE, hardware tests of calibration/kvm did not run: {error}")
        yield opened


def test_no_device_leaves_every_quantity_missing_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without KVM the probe answers at once, and raises nothing."""

    def refuse() -> Kvm:
        raise KvmRefusedError("/dev/kvm does not exist")

    monkeypatch.setattr(kvm, "Kvm", refuse)
    result = kvm.probe(quick=True)
    assert not result.quantities
    assert set(result.missing.values()) == {"/dev/kvm does not exist"}


def test_a_measuring_process_that_always_dies_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few failing starts everything is missing, with the reason of the first failure."""
    started = []

    def die(heard: supervise.Heard, *, process: int, **_: object) -> None:
        started.append(process)
        heard.refusals["start"] = "the measuring process was killed by SIGKILL"

    class Usable:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(kvm, "Kvm", Usable)
    monkeypatch.setattr(supervise, "listen", die)
    result = kvm.probe(quick=True)
    assert 1 < len(started) <= 10
    assert not result.quantities
    assert result.missing["kvm_exit_round_trip"] == "the measuring process was killed by SIGKILL"
    assert set(result.missing) == {*MEANING, *LOCK}


@pytest.mark.hardware
def test_the_guest_touches_exactly_the_pages_it_is_told_to(device: Kvm) -> None:
    """Each measured page's frame holds the stored value afterwards, in page order; time stamps never go back."""
    layout = guest.Layout(pages=20)
    with Session(device, layout, programs.TOUCH, resident=False) as session:
        task = Task(address=layout.virtual(0, 0), stride=4096, value=0x1122334455667788, count=20)
        log = session.run(0, task)
        words = [bytes(session.data.view[page * 4096 : page * 4096 + 8]) for page in range(21)]
    assert words == [bytes.fromhex("8877665544332211")] * 20 + [bytes(8)]
    assert len(log.stamps) == 21
    assert (log.stamps[1:] >= log.stamps[:-1]).all()


@pytest.mark.hardware
def test_the_guest_maps_its_own_pages_when_it_faults(device: Kvm) -> None:
    """The handler writes one entry for each page touched, and the touch then reaches the right frame."""
    layout = guest.Layout(pages=5, present=False)
    with Session(device, layout, programs.TOUCH) as session:
        task = Task(
            address=layout.virtual(0, 0),
            stride=4096,
            value=7,
            count=5,
            entry=session.entry(0, 0),
            entry_value=guest.entry_value(layout.frame(0, 0)),
        )
        session.run(0, task)
        assert [session.data.view[page * 4096] for page in range(5)] == [7] * 5


@pytest.mark.hardware
def test_a_guest_that_faults_without_a_handler_is_an_error(device: Kvm) -> None:
    """A triple fault is reported, and a new guest works afterwards."""
    with (
        Session(device, guest.Layout(pages=1), programs.TOUCH) as session,
        pytest.raises(KvmRefusedError, match="the guest stopped: triple fault"),
    ):
        session.run(0, Task(address=1 << 46, count=1))
    with Session(device, guest.Layout(pages=1), programs.TOUCH) as session:
        assert len(session.run(0, Task(count=1)).stamps) == 2


@pytest.mark.slow
@pytest.mark.hardware
def test_a_vcpu_alone_at_the_barrier_gives_up(device: Kvm) -> None:
    """The barrier is bounded: a missing vCPU cannot hang the guest."""
    with (
        Session(device, guest.Layout(pages=1), programs.TOUCH) as session,
        pytest.raises(KvmRefusedError, match="waited in vain for the others"),
    ):
        session.run(0, Task(count=1, parties=2))


@pytest.mark.hardware
def test_loops_take_longer_with_more_iterations(device: Kvm) -> None:
    """User-mode time scales with the count, so the loop is really executed."""
    with Session(device, guest.Layout(pages=1), programs.COUNT_LOOP) as session:
        times = [
            min(session.run(0, Task(count=n), stamps=2).stamps[-1] for _ in range(5)) for n in (100_000, 1_000_000)
        ]
    assert 5.0 < times[1] / times[0] < 20.0


@pytest.mark.slow
@pytest.mark.hardware
def test_every_single_vcpu_phase_runs(device: Kvm) -> None:
    """Each phase yields its cases with a positive time of less than a millisecond an operation."""
    lab = Lab(kvm=device, cpus=(min(os.sched_getaffinity(0)),))
    for name, (phase, cases) in phases(1).items():
        batches = phase(lab)
        assert tuple(batch.case for batch in batches) == cases, name
        assert all(0.0 < batch.seconds < 1e-3 for batch in batches), name


@pytest.mark.hardware
def test_counters_tell_shadow_from_nested_paging(device: Kvm) -> None:
    """The counters that the verdict rests on exist in this kernel."""
    lab = Lab(kvm=device, cpus=(min(os.sched_getaffinity(0)),))
    if not device.extension(203):
        pytest.skip("THIS KERNEL HAS NO KVM COUNTERS: the paging verdict rests on module parameters only")
    assert {"mmu_unsync", "mmu_pte_write"} <= set(count_page_table_events(lab))


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.usefixtures("device")
def test_the_probe_measures_here_what_it_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every quantity is there or has a reason; values lie in their intervals; raw batches are kept."""
    monkeypatch.setattr(kvm, "_EFFORT", {True: (1, 6, 20.0)})
    result = kvm.probe(quick=True)
    assert {*MEANING, *LOCK} <= set(result.quantities) | set(result.missing)
    assert all(0.0 < q.value < 1e-2 for q in result.quantities.values() if q.unit == "s")
    assert all(result.missing.values())
    assert result.samples
