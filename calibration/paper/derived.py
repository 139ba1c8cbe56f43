"""Costs that follow from published primitives and profile shares in closed form.

Equations: with calc at a share p of the cycles of one thread, all other work is calc x (1 / p - 1). Spawn lines go
through their two published points; a packet is half a ping-pong on one host. Times in microseconds.
Assumptions: at one thread nothing waits; on Linux all work but calc is the fault's section under mmap_sem.
Source: Tables 2, 4, 5 and 6 and section 7.2 of the source.
"""

from __future__ import annotations

import math
from typing import Any

from cerberus_plan.calibration.paper.facts import value
from cerberus_plan.model.mechanisms.spawn import line_through

CALC = "prof.histogram.{}.calc_hist"


def paging(compute_us: Any) -> dict[str, Any]:
    """Fault costs that follow from histogram's calc time: number or array, in us."""
    section = compute_us * (100 / value(CALC.format("linux.1")) - 1)
    emulation = value("prof.histogram.cerberus.2perVM.sh_x86_emulate_cmpxchg__guest_2")
    return {
        "page_fault": section,
        "page_fault_direct": compute_us * (100 / value(CALC.format("xen-linux.1")) - 1) - section,
        "shadow_lock_hold": compute_us * emulation / value(CALC.format("cerberus.2perVM")),
    }


def fixed() -> dict[str, float]:
    """Costs that follow from published numbers alone, in the units of the shipped files."""
    clone = line_through(value("prim.clone.1"), value("prim.clone.24"), 24)
    fork = line_through(value("prim.fork.1"), value("prim.fork.24"), 24)
    linux, xen, local = (value(f"prim.net.localhost.{name}") for name in ("linux", "xen-linux", "cerberus.local"))
    return {
        "kernel_virtualisation": math.sqrt(_conserved("libc") * _conserved("copy_user_generic")),
        "block_search_width": value("dbench.linux.fall.to") - value("dbench.linux.fall.from"),
        "message_round_trip": value("prim.msg.cross_chip"),
        "chip_distance": value("prim.msg.cross_chip") / value("prim.msg.same_chip") - 1,
        "clone_fixed": clone[0],
        "clone_each": clone[1],
        "fork_fixed": fork[0],
        "fork_each": fork[1],
        "packet": linux / 2,
        "packet_virtualisation": (local - linux) / 2,
        "packet_virtualisation_xen": (xen - linux) / 2,
    }


def _conserved(function: str) -> float:
    """Time of a run on Xen-Linux over Linux, from the share of work that both do alike."""
    return value(f"prof.dbench.linux.1.{function}") / value(f"prof.dbench.xen-linux.1.{function}")
