"""Page-aligned memory that threads and forked processes share, handed out in padded areas.

numpy arrays are aligned to 16 bytes only, so two roles could share a cache line by accident; here each
area starts on a page of its own. Pages are touched on first use by the workers, not by us.
"""

from __future__ import annotations

import ctypes
import mmap

from cerberus_plan.model.errors import CannotAnswerError

PAGE_BYTES = 4096


class SharedMemory:
    """One anonymous shared mapping; areas live as long as the object.

    Raises:
        CannotAnswerError: The mapping is too small for what is asked of it.
    """

    def __init__(self, size_bytes: int) -> None:
        self._map = mmap.mmap(-1, size_bytes)
        self._view = memoryview(self._map)
        self._words = self._view.cast("q")
        self._start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._used = 0

    def allocate(self, size_bytes: int) -> int:
        """Address of a fresh zeroed area that starts on a page of its own."""
        pages = -(-size_bytes // PAGE_BYTES)
        if self._used + pages * PAGE_BYTES > len(self._map):
            raise CannotAnswerError(
                f"benchmarks ask for more than {len(self._map)} bytes of shared memory; run fewer at a time with --only"
            )
        address = self._start + self._used
        self._used += pages * PAGE_BYTES
        return address

    def write(self, address: int, values: list[int]) -> None:
        """Store 64-bit integers from ``address`` on."""
        first = (address - self._start) // 8
        for i, value in enumerate(values):
            self._words[first + i] = value

    def read(self, address: int, count: int) -> list[int]:
        """Load ``count`` 64-bit integers from ``address`` on."""
        first = (address - self._start) // 8
        return self._words[first : first + count].tolist()

    def write_text(self, address: int, text: str) -> None:
        """Store a path as a C string."""
        data = text.encode() + b"\0"
        first = address - self._start
        self._view[first : first + len(data)] = data
