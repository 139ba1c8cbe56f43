"""The machine instructions that benchmark loops are made of, as numba intrinsics.

Every operand is a plain 64-bit integer; memory is named by its address, so no reference count, bounds check
or array structure appears in a loop. All memory operations are LLVM atomics or volatile assembly: a plain
load is hoisted out of a waiting loop and plain stores are merged, so neither may be used on shared memory.

Assumptions: x86-64 and Linux system call numbers. When not to use it: in a process where the assembler has
not been initialised; inline assembly would abort the interpreter (done below, on import).
Source: Intel SDM volume 2 (LOCK, PAUSE, RDTSCP, LFENCE); Linux x86-64 system call convention, syscall(2).
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

# numba initialises only the assembly printer; without the parser inline assembly aborts the process.
llvm.initialize_native_asmparser()

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)


def _operation(arity: int, emit: Callable[..., Any], *, returns: bool = True) -> Callable[..., int]:
    """Make an intrinsic of ``arity`` 64-bit integers from a function ``emit(builder, *operands)``."""

    def generate(context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        value = emit(builder, *operands)
        return value if returns else context.get_dummy_value()

    def definition(_typing_context: Any, *arguments: Any) -> Any:
        result = types.int64 if returns else types.void
        return result(*[types.int64] * len(arguments)), generate

    # numba matches calls against the signature, and cannot match a variable number of operands.
    names = ["typing_context", *(f"operand{i}" for i in range(arity))]
    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    definition.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    made: Callable[..., int] = intrinsic(definition)
    return made


def _pointer(builder: Any, address: Any, width: Any = _I64) -> Any:
    return builder.inttoptr(address, width.as_pointer())


def _assembly(arity: int, text: str, clobbers: str, *, returns: bool) -> Callable[..., int]:
    """An intrinsic for one volatile piece of assembly whose operands are all 64-bit integers."""

    def emit(builder: Any, *operands: Any) -> Any:
        result = _I64 if returns else ir.VoidType()
        kind = ir.FunctionType(result, [_I64] * len(operands))
        return builder.asm(kind, text, clobbers, list(operands), True)

    return _operation(arity, emit, returns=returns)


def _read_modify_write(name: str) -> Callable[..., int]:
    return _operation(
        2,
        lambda builder, address, value: builder.atomic_rmw(name, _pointer(builder, address), value, "seq_cst"),
    )


def _emit_compare_and_swap(builder: Any, address: Any, expected: Any, new: Any) -> Any:
    pair = builder.cmpxchg(_pointer(builder, address), expected, new, "seq_cst", "seq_cst")
    return builder.extract_value(pair, 0)


def _emit_load(builder: Any, address: Any) -> Any:
    return builder.load_atomic(_pointer(builder, address), "acquire", align=8, typ=_I64)


def _emit_store(builder: Any, address: Any, value: Any) -> Any:
    return builder.store_atomic(value, _pointer(builder, address), "release", align=8)


def _emit_load_word(builder: Any, address: Any) -> Any:
    word = builder.load_atomic(_pointer(builder, address, _I32), "acquire", align=4, typ=_I32)
    return builder.sext(word, _I64)


def _emit_store_word(builder: Any, address: Any, value: Any) -> Any:
    word = builder.trunc(value, _I32)
    return builder.store_atomic(word, _pointer(builder, address, _I32), "seq_cst", align=4)


#: Add to a 64-bit word, returning the old value: ``lock xadd``.
atomic_add = _read_modify_write("add")
#: Swap a 64-bit word, returning the old value: ``xchg``, locked by definition.
atomic_exchange = _read_modify_write("xchg")
#: Compare and swap a 64-bit word, returning the old value: ``lock cmpxchg``.
compare_and_swap = _operation(3, _emit_compare_and_swap)
#: Load a 64-bit word with acquire ordering; never hoisted out of a loop.
load = _operation(1, _emit_load)
#: Store a 64-bit word with release ordering; never merged or dropped.
store = _operation(2, _emit_store, returns=False)
#: Load a 32-bit word (futex words are 32 bits wide).
load_word = _operation(1, _emit_load_word)
#: Store a 32-bit word, sequentially consistent.
store_word = _operation(2, _emit_store_word, returns=False)
#: Store one byte through volatile assembly: a page touch that cannot be optimised away.
touch = _assembly(1, "movb $$1, ($0)", "r,~{memory}", returns=False)
#: Tell the core that this is a waiting loop. Spinning without it measures the spin, not the transfer.
pause = _assembly(0, "pause", "~{memory}", returns=False)
#: Full fence as compilers emit it; an IR fence alone is deleted from an empty loop.
fence = _assembly(0, "lock; orq $$0, (%rsp)", "~{memory},~{flags}", returns=False)
#: Pass a value through a barrier that the optimiser cannot see through.
opaque = _assembly(1, "", "=r,0", returns=True)

_JOIN = "; shlq $$32, %rdx; orq %rdx, $0"
#: Time stamp counter, after all earlier instructions finished [ticks].
ticks_begin = _assembly(0, "lfence; rdtsc" + _JOIN, "={rax},~{rdx},~{memory},~{flags}", returns=True)
#: Time stamp counter, before any later instruction starts [ticks].
ticks_end = _assembly(0, "rdtscp" + _JOIN + "; lfence", "={rax},~{rdx},~{rcx},~{memory},~{flags}", returns=True)
#: Time stamp counter without ordering: cheap enough to poll a deadline [ticks].
ticks = _assembly(0, "rdtsc" + _JOIN, "={rax},~{rdx},~{memory},~{flags}", returns=True)
#: The core this thread runs on; Linux keeps it in the low 12 bits of TSC_AUX.
current_cpu = _assembly(
    0, "rdtscp; movl %ecx, %eax; andl $$4095, %eax", "={rax},~{rdx},~{rcx},~{memory},~{flags}", returns=True
)
#: Raw Linux system call ``(number, six arguments)``; the negated errno on failure. The C library's wrapper
#: would add about 50 ns, a third of the cheapest call.
system_call = _assembly(
    7,
    "syscall",
    "={rax},{rax},{rdi},{rsi},{rdx},{r10},{r8},{r9},~{rcx},~{r11},~{memory},~{flags}",
    returns=True,
)
