"""Plain arrays at an address, for loops that stream: the compiler may use its widest loads and stores on them.

Assumptions: memory of one role alone. When not to use it: on shared words; plain loads may be hoisted and merged
(``harness.atomics``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from cerberus_plan.calibration.harness.atomics import load, store, touch
from cerberus_plan.calibration.harness.frame import inlined
from cerberus_plan.calibration.harness.system_calls import map_huge

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE_PAGE_BYTES = 2 * 2**20


def _pointer_to(element: Any, width: Any) -> Callable[[int], Any]:
    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        return builder.inttoptr(operands[0], width.as_pointer())

    def definition(_typing_context: Any, _address: Any) -> Any:
        return types.CPointer(element)(types.int64), generate

    made: Callable[[int], Any] = intrinsic(definition)
    return made


#: Address as the pointer that ``numba.carray`` takes.
words_at = _pointer_to(types.int64, ir.IntType(64))
doubles_at = _pointer_to(types.float64, ir.DoubleType())


@inlined
def own_memory(slot: int, size_bytes: int) -> int:
    """Memory whose address is kept in ``slot``; mapped and touched by whoever asks first, so it is on that one's node.

    In large pages where the system has them: what is measured is memory, not the walk through page tables, and the
    lines of a small area lie side by side in the caches. The last large page is mapped whole.
    """
    base = load(slot)
    if base == 0:
        mapped = map_huge(size_bytes + 2 * 2097152)
        base = (mapped + 2097151) // 2097152 * 2097152
        for page in range(size_bytes // 4096):
            touch(base + 4096 * page)
        store(slot, base)
    return base
