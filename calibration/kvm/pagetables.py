"""Four-level x86-64 page tables written into a guest's memory, and the walk that reads them back.

    virtual address = 16 copies of bit 47 | 9 bits level 4 | 9 | 9 | 9 bits level 1 | 12 bits offset
    entry = frame address | flags;  an entry without PRESENT ends the walk.

Tables are allocated one after another in the same buffer that holds the system image, so that the guest
itself may write its entries.
Assumptions: 4-KiB pages only, buffer offset equals guest physical address, lower-half virtual addresses.
When not to use it: large pages, five levels, or virtual addresses from 2**47.
Source: AMD64 Architecture Programmer's Manual volume 2, section 5.3 (long-mode page translation).
"""

from __future__ import annotations

import struct
from typing import Final

from cerberus_plan.model.errors import InputError

PAGE: Final = 4096
ENTRIES: Final = 512
# The span of virtual addresses that one last-level table maps.
TABLE_SPAN: Final = PAGE * ENTRIES
HIGHEST: Final = 1 << 47
PRESENT, WRITABLE, USER = 1, 2, 4
LEAF_FLAGS: Final = PRESENT | WRITABLE | USER
_FRAME: Final = 0x000F_FFFF_FFFF_F000
_ENTRY: Final = struct.Struct("<Q")


class PageTables:
    """Page tables in ``memory`` from byte ``root`` on, growing upwards.

    Args:
        memory: the buffer guest physical address 0 starts at [bytes], writable.
        root: page-aligned offset of the top-level table.
        next_free: page-aligned offset where the next table goes; by default right after the root.
    """

    __slots__ = ("_memory", "next_free", "root")

    def __init__(self, memory: memoryview, root: int, *, next_free: int | None = None) -> None:
        self._memory = memory
        self.root = root
        self.next_free = root + PAGE if next_free is None else next_free

    def map(self, virtual: int, frame: int) -> None:
        """Let the page at ``virtual`` translate to the page ``frame`` (both page-aligned addresses).

        Raises:
            InputError: An address is not page-aligned or out of range, or the buffer has no room for tables.
        """
        if frame % PAGE or not 0 <= frame <= _FRAME:
            raise InputError(f"frame {frame:#x} must be a multiple of {PAGE} below 2**52")
        _ENTRY.pack_into(self._memory, self.slot(virtual), frame | LEAF_FLAGS)

    def slot(self, virtual: int) -> int:
        """Guest physical address of the last-level entry of ``virtual``; missing tables are added.

        Raises:
            InputError: The address is not page-aligned or out of range, or the buffer has no room for tables.
        """
        if virtual % PAGE or not 0 <= virtual < HIGHEST:
            raise InputError(f"virtual address {virtual:#x} must be a multiple of {PAGE} below 2**47")
        table = self.root
        for level in (4, 3, 2):
            entry = table + 8 * _index(virtual, level)
            (value,) = _ENTRY.unpack_from(self._memory, entry)
            if not value & PRESENT:
                value = self._new_table() | LEAF_FLAGS
                _ENTRY.pack_into(self._memory, entry, value)
            table = value & _FRAME
        return table + 8 * _index(virtual, 1)

    def _new_table(self) -> int:
        table, self.next_free = self.next_free, self.next_free + PAGE
        if self.next_free > len(self._memory):
            raise InputError(f"page tables need more than the {len(self._memory)} bytes of system memory given")
        return table


def translate(memory: memoryview, root: int, virtual: int) -> int | None:
    """Guest physical address behind ``virtual``, walking the tables as the processor does; None where unmapped."""
    table = root
    for level in (4, 3, 2, 1):
        (value,) = _ENTRY.unpack_from(memory, table + 8 * _index(virtual, level))
        if not value & PRESENT:
            return None
        table = value & _FRAME
    return table | virtual % PAGE


def _index(virtual: int, level: int) -> int:
    return virtual >> 12 + 9 * (level - 1) & ENTRIES - 1
