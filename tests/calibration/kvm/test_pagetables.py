"""Laws of the page-table builder: what is mapped translates, what is not does not, and tables never overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.kvm.pagetables import HIGHEST, LEAF_FLAGS, PAGE, PageTables, translate
from cerberus_plan.model.errors import InputError

virtual_pages = st.integers(0, HIGHEST // PAGE - 1).map(lambda n: n * PAGE)
frames = st.integers(0, 2**40 - 1).map(lambda n: n * PAGE)


def tables(pages: int = 512) -> tuple[memoryview, PageTables]:
    """Empty page tables with room for ``pages`` of them."""
    memory = memoryview(bytearray(pages * PAGE))
    return memory, PageTables(memory, 0)


@pytest.mark.slow
@given(st.dictionaries(virtual_pages, frames, max_size=40), st.integers(0, PAGE - 1))
def test_every_mapped_address_translates_to_its_frame(mapping: dict[int, int], offset: int) -> None:
    """The walk of the processor's four levels finds the frame of each mapped page, at any offset in it."""
    memory, built = tables()
    for virtual, frame in mapping.items():
        built.map(virtual, frame)
    for virtual, frame in mapping.items():
        assert translate(memory, built.root, virtual + offset) == frame + offset


@pytest.mark.slow
@given(st.sets(virtual_pages, min_size=1, max_size=20), virtual_pages)
def test_pages_that_were_not_mapped_do_not_translate(mapped: set[int], other: int) -> None:
    """A page translates if and only if it was mapped."""
    memory, built = tables()
    for virtual in mapped:
        built.map(virtual, 0)
    assert (translate(memory, built.root, other) is not None) == (other in mapped)


@given(virtual_pages, frames)
def test_a_slot_alone_maps_nothing_until_written(virtual: int, frame: int) -> None:
    """A page with tables but no entry is absent; writing the entry at its slot, as the guest does, maps it."""
    memory, built = tables(8)
    slot = built.slot(virtual)
    assert translate(memory, built.root, virtual) is None
    memory[slot : slot + 8] = (frame | LEAF_FLAGS).to_bytes(8, "little")
    assert translate(memory, built.root, virtual) == frame


@pytest.mark.slow
@given(st.sets(virtual_pages, max_size=30))
def test_asking_for_a_slot_twice_adds_no_table(virtual: set[int]) -> None:
    """Slots are distinct, stable, and lie in tables that were handed out."""
    _, built = tables()
    first = {page: built.slot(page) for page in virtual}
    end = built.next_free
    assert {page: built.slot(page) for page in virtual} == first
    assert built.next_free == end
    assert len(set(first.values())) == len(virtual)
    assert all(built.root + PAGE <= slot < end for slot in first.values())


def test_a_known_address_splits_into_the_documented_indices() -> None:
    """Address with indices 1, 2, 3, 4 uses those entries of the four levels (AMD manual 2, figure 5-17)."""
    memory, built = tables(4)
    virtual = (1 << 39) + (2 << 30) + (3 << 21) + (4 << 12)
    built.map(virtual, 0x5000)
    entries = {at // 8 for at in range(0, 4 * PAGE, 8) if any(memory[at : at + 8])}
    assert entries == {1, 512 + 2, 1024 + 3, 1536 + 4}


@pytest.mark.parametrize("virtual", [1, PAGE - 1, HIGHEST, -PAGE])
def test_addresses_that_are_no_page_are_refused(virtual: int) -> None:
    """An address off a page boundary or out of range is an input error."""
    with pytest.raises(InputError, match=r"virtual address .* must be a multiple of 4096 below 2\*\*47"):
        tables()[1].map(virtual, 0)


def test_a_frame_off_its_boundary_is_refused() -> None:
    """Flags may not be smuggled in through the frame address."""
    with pytest.raises(InputError, match="frame 0x1001 must be a multiple of 4096"):
        tables()[1].map(0, 0x1001)


def test_running_out_of_room_for_tables_is_refused() -> None:
    """A table that does not fit its memory is an input error, not a stray write."""
    with pytest.raises(InputError, match="page tables need more than the 8192 bytes"):
        tables(2)[1].map(0, 0)
