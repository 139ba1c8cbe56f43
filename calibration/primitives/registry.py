"""Which primitives there are, in the order in which they are told. Adding one: its file, and its name here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cerberus_plan.calibration.primitives.base import Primitive

NAMES: tuple[str, ...] = (
    "syscall",
    "clock_read",
    "delay_loop",
    "atomic_add",
    "compare_and_swap",
    "core_to_core",
    "ticket_lock",
    "test_and_set_lock",
    "queue_lock",
    "reader_writer_lock",
    "page_fault",
    "page_fault_file",
    "mmap_munmap",
    "file_create",
    "file_write",
    "file_read",
    "signal_round_trip",
    "message",
    "run_queue",
    "process_spawn",
    "packet_round_trip",
    "packet_path",
    "memory_stream",
    "memory_latency",
    "active_cores",
    "siblings",
)

#: What ``--only`` may name beside primitives: probes with a harness of their own.
PROBES: tuple[str, ...] = ("kvm",)


def load_primitives(names: Sequence[str] = ()) -> list[Primitive]:
    """The primitives called ``names``, or all of them; probes are passed over.

    Raises:
        InputError: A name is not known.
    """
    for name in names:
        if name not in NAMES + PROBES:
            raise InputError(f"there is no primitive {name!r}; choose from {', '.join(NAMES + PROBES)}")
    chosen = [name for name in NAMES if name in names] if names else NAMES
    found: list[Primitive] = []
    for name in chosen:
        primitive: Primitive = import_module(f"cerberus_plan.calibration.primitives.{name}").PRIMITIVE
        found.append(primitive)
    return found
