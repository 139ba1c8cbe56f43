"""The guest's machine code: known bytes, jumps that land where they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.kvm import programs
from cerberus_plan.model.errors import InputError

# As disassembled by GNU objdump -D -b binary -m i386:x86-64; encodings of the AMD64 manual, volume 3.
STAMP = "0f31 48c1e220 4809d0 498907 4983c708"
KNOWN = {
    # lock inc [rbp]; mov rax,[rbp]; cmp rax,r12; jae +11; pause; dec r13; jne -16; mov al,2; out 0x10,al;
    # stamp; mov [rdi],r9; stamp; add rdi,r8; add r10,8; add r11,4096; dec rsi; jne -38; mov al,1; out 0x10,al
    "TOUCH": "f048ff4500 488b4500 4c39e0 730b f390 49ffcd 75f0 b002 e610"
    + STAMP
    + "4c890f"
    + STAMP
    + "4c01c7 4983c208 4981c300100000 48ffce 75da b001 e610",
    "STORE_LOOP": STAMP + "4c890f 4c01c7 4983c208 4981c300100000 48ffce 75ea" + STAMP + "b001 e610",
    "COUNT_LOOP": STAMP + "48ffce 75fb" + STAMP + "b001 e610",
    "CPUID_LOOP": STAMP + "31c0 0fa2 48ffce 75f7" + STAMP + "b001 e610",
    "EXIT_LOOP": "b001 e610 ebfc",  # mov al,1; out 0x10,al; jmp -4
    "FAULT_HANDLER": "4d891a 4883c408 48cf",  # mov [r10],r11; add rsp,8; iretq
}


@pytest.mark.parametrize(("name", "code"), KNOWN.items())
def test_programs_are_the_bytes_that_were_disassembled(name: str, code: str) -> None:
    """Each program equals the bytes a disassembler confirmed."""
    assert getattr(programs, name) == bytes.fromhex(code)


@given(before=st.integers(0, 60), between=st.integers(0, 60))
def test_jumps_land_on_their_label_in_both_directions(before: int, between: int) -> None:
    """The displacement counts from the end of the jump, forward and backward."""
    padding = "90" * between
    forward = programs.assemble("90" * before, ("jmp", "there"), padding, (":", "there"))
    assert forward[before + 1] == between
    backward = programs.assemble((":", "there"), padding, ("jnz", "there"))
    assert int.from_bytes(backward[-1:], "little", signed=True) == -(between + 2)


def test_a_jump_that_is_too_long_is_refused() -> None:
    """A short jump cannot span 128 bytes."""
    with pytest.raises(InputError, match="jump to 'far' spans 128 bytes"):
        programs.assemble(("jmp", "far"), "90" * 128, (":", "far"))
