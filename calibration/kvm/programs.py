"""The guest's machine code: six loops of a few instructions, written as bytes beside their mnemonics.

The same bytes run in kernel mode (CPL 0) and user mode (CPL 3): no privileged instruction is used but the
port write, which user mode may do because the flags grant it (IOPL 3). Loops time themselves with ``rdtsc`` and
write the stamps into a log, so the cost of entering and leaving the guest is never part of a sample.

Registers, set by the host before each run:
    rdi  address stored to            r8   added to rdi after each store     r9   value stored
    rsi  number of iterations         r15  log pointer                        rbp  address of the barrier counter
    r12  vCPUs expected at the barrier                                        r13  bound on spinning there
    r10, r11  entry address and value that the page-fault handler stores, advanced with each iteration

Source: AMD64 Architecture Programmer's Manual volume 3 (instruction encodings).
"""

from __future__ import annotations

from typing import Final

from cerberus_plan.model.errors import InputError

# The port the guest writes to, and what it writes there.
PORT: Final = 0x10
DONE, BARRIER_TIMED_OUT = 1, 2

LOG_TIME: Final = (
    "0f 31"  # rdtsc
    "48 c1 e2 20"  # shl rdx, 32
    "48 09 d0"  # or  rax, rdx
    "49 89 07"  # mov [r15], rax
    "49 83 c7 08"  # add r15, 8
)
STORE: Final = "4c 89 0f"  # mov [rdi], r9
ADVANCE: Final = (
    "4c 01 c7"  # add rdi, r8
    "49 83 c2 08"  # add r10, 8
    "49 81 c3 00 10 00 00"  # add r11, 4096
)
COUNT_DOWN: Final = "48 ff ce"  # dec rsi
CPUID: Final = "31 c0 0f a2"  # xor eax, eax; cpuid
# One jump of 8 bits: mnemonic -> opcode.
_JUMPS: Final = {"jmp": "eb", "jnz": "75", "jae": "73"}


def _leave(code: int) -> str:
    return f"b0 {code:02x} e6 {PORT:02x}"  # mov al, code; out PORT, al


def assemble(*parts: str | tuple[str, str]) -> bytes:
    """Join code bytes, resolving short jumps.

    Args:
        parts: hexadecimal bytes; ``(":", name)`` puts a label here; ``(mnemonic, name)`` jumps to one.

    Raises:
        InputError: A jump reaches further than 127 bytes.
    """
    labels: dict[str, int] = {}
    jumps: list[tuple[int, str]] = []
    code = bytearray()
    for part in parts:
        if isinstance(part, str):
            code += bytes.fromhex(part)
        elif part[0] == ":":
            labels[part[1]] = len(code)
        else:
            code += bytes.fromhex(_JUMPS[part[0]]) + b"\0"
            jumps.append((len(code), part[1]))
    for after, name in jumps:
        distance = labels[name] - after
        if not -128 <= distance <= 127:
            raise InputError(f"jump to {name!r} spans {distance} bytes; a short jump reaches -128 to 127")
        code[after - 1] = distance % 256
    return bytes(code)


def _timed(body: str) -> bytes:
    loop = ((":", "loop"), body, COUNT_DOWN, ("jnz", "loop"))
    return assemble(LOG_TIME, *loop, LOG_TIME, _leave(DONE))


# Wait for the other vCPUs, then store and log the time after each store.
TOUCH: Final = assemble(
    "f0 48 ff 45 00",  # lock inc qword [rbp]
    (":", "wait"),
    "48 8b 45 00",  # mov rax, [rbp]
    "4c 39 e0",  # cmp rax, r12
    ("jae", "start"),
    "f3 90",  # pause
    "49 ff cd",  # dec r13
    ("jnz", "wait"),
    _leave(BARRIER_TIMED_OUT),
    (":", "start"),
    LOG_TIME,
    (":", "loop"),
    STORE,
    LOG_TIME,
    ADVANCE,
    COUNT_DOWN,
    ("jnz", "loop"),
    _leave(DONE),
)
# Store without looking at the clock in between: for stores that cost a few cycles.
STORE_LOOP: Final = _timed(STORE + ADVANCE)
# Nothing but counting: what an instruction costs here.
COUNT_LOOP: Final = _timed("")
# An instruction that the hypervisor answers inside the kernel.
CPUID_LOOP: Final = _timed(CPUID)
# Leave to user space again and again.
EXIT_LOOP: Final = assemble(f"b0 {DONE:02x}", (":", "again"), f"e6 {PORT:02x}", ("jmp", "again"))
# The guest kernel's page-fault handler: the least it can do.
FAULT_HANDLER: Final = assemble(
    "4d 89 1a",  # mov [r10], r11
    "48 83 c4 08",  # add rsp, 8: drop the error code
    "48 cf",  # iretq
)
