"""Interference: every active core slows all others (memory controllers, hypervisor, shadow operations).

Equation: stretch(n) = 1 + gamma (n - 1), a factor on all times of a run with n active cores.
Assumptions: linear in the active cores and the same for every station, so it divides throughput by stretch
and leaves shares unchanged.
When not to use it: above the point where a memory channel saturates (then a shared ``servers`` station).
Source: fitted form; the paper's histogram runs exclude costs that grow with the number of VMs instead.
"""

from __future__ import annotations

from typing import Any


def stretch(lib: Any, active_cores: Any, gamma: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Factor on all times with ``active_cores`` cores running."""
    return 1 + gamma * (active_cores - 1)
