"""The guest's memory: every page it needs is mapped, nothing overlaps, descriptors say what they must."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.kvm import guest
from cerberus_plan.calibration.kvm.pagetables import PAGE, TABLE_SPAN, translate
from cerberus_plan.calibration.kvm.programs import FAULT_HANDLER, TOUCH
from cerberus_plan.model.errors import InputError

layouts = st.builds(
    guest.Layout,
    vcpus=st.integers(1, guest.MAX_VCPUS),
    pages=st.integers(1, 64),
    stride=st.sampled_from([PAGE, TABLE_SPAN]),
    present=st.booleans(),
)


def built(layout: guest.Layout) -> tuple[memoryview, int]:
    """A guest's memory and the address of its top-level table."""
    memory = memoryview(bytearray(layout.system_bytes))
    return memory, guest.build(memory, layout).root


@settings(max_examples=25)
@given(layouts)
def test_measured_pages_translate_to_their_own_frames_where_present(layout: guest.Layout) -> None:
    """A measured page of any vCPU translates to its frame, or not at all if the handler is to map it."""
    memory, root = built(layout)
    for vcpu in range(layout.vcpus):
        for page in range(layout.pages):
            expected = layout.frame(vcpu, page) if layout.present else None
            assert translate(memory, root, layout.virtual(vcpu, page)) == expected


@pytest.mark.slow
@settings(max_examples=25)
@given(layouts)
def test_what_a_vcpu_uses_without_being_measured_is_always_mapped(layout: guest.Layout) -> None:
    """Code, stack, log, barrier and the tables themselves are identity mapped; the warm page has its frame."""
    memory, root = built(layout)
    for vcpu in range(layout.vcpus):
        for address in (guest.stack_top(vcpu) - 8, guest.log_address(vcpu), guest.task_state(vcpu)):
            assert translate(memory, root, address) == address
        assert translate(memory, root, layout.warm(vcpu)) == layout.frame(vcpu, layout.pages)
    for address in (guest.GDT, guest.IDT, guest.CODE, guest.HANDLER, guest.BARRIER, root, layout.system_bytes - 1):
        assert translate(memory, root, address) == address


@pytest.mark.slow
@settings(max_examples=25)
@given(layouts)
def test_a_second_guest_of_one_layout_is_the_same_and_its_own(layout: guest.Layout) -> None:
    """Building twice gives equal memories that share nothing; asking for known slots adds no table."""
    first, second = (memoryview(bytearray(layout.system_bytes)) for _ in range(2))
    tables = guest.build(first, layout)
    guest.build(second, layout)
    assert first == second
    end = tables.next_free
    assert translate(first, tables.root, end - PAGE) == end - PAGE
    tables.slot(layout.virtual(0, 0))
    assert tables.next_free == end
    first[guest.CODE] ^= 0xFF
    assert first != second


@pytest.mark.slow
@given(layouts)
def test_frames_are_distinct_and_inside_the_data_slot(layout: guest.Layout) -> None:
    """No two measured pages share a frame, and none lies outside the memory given."""
    frames = [layout.frame(v, p) for v in range(layout.vcpus) for p in range(layout.pages + 1)]
    assert len(set(frames)) == len(frames)
    assert min(frames) == guest.DATA
    assert max(frames) + PAGE == guest.DATA + layout.data_bytes


def test_the_largest_guest_fits_below_the_barrier_page() -> None:
    """The memory slots do not overlap even for the largest layout the probe uses."""
    largest = guest.Layout(vcpus=guest.MAX_VCPUS, pages=guest.MAX_ITERATIONS, stride=TABLE_SPAN)
    assert largest.system_bytes <= guest.BARRIER
    assert guest.BARRIER + PAGE <= guest.DATA


def test_the_code_page_holds_the_longest_program_before_the_handler() -> None:
    """Programs and fault handler share a page without touching each other."""
    memory, _ = built(guest.Layout())
    guest.load(memory, TOUCH)
    assert guest.CODE + len(TOUCH) <= guest.HANDLER
    assert bytes(memory[guest.CODE : guest.CODE + len(TOUCH)]) == TOUCH
    assert bytes(memory[guest.HANDLER : guest.HANDLER + len(FAULT_HANDLER)]) == FAULT_HANDLER


@pytest.mark.parametrize("present", [True, False])
def test_only_a_guest_that_handles_faults_has_a_page_fault_gate(present: bool) -> None:
    """Vector 14 is a present 64-bit interrupt gate (AMD manual 2, 4.8.4) to the handler, or absent."""
    memory, _ = built(guest.Layout(present=present))
    low = int.from_bytes(memory[guest.IDT + 224 : guest.IDT + 232], "little")
    gate = guest.HANDLER & 0xFFFF | guest.KERNEL_CODE << 16 | 0x8E << 40
    assert low == (0 if present else gate)


@pytest.mark.parametrize(("field", "value"), [("vcpus", 0), ("vcpus", 33), ("pages", 0), ("pages", 5000)])
def test_layouts_out_of_range_are_refused(field: str, value: int) -> None:
    """The message names the field and its range."""
    with pytest.raises(InputError, match=f"{field}={value}: allowed are 1 to"):
        guest.Layout(**{field: value})  # type: ignore[arg-type]
