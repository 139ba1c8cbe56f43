"""Starting work in other VMs: remote fork and remote clone through the daemons of a SuperProcess.

Equation: seconds(V) = fixed + each V, nothing with one VM. The serial part stays in the issuer (checkpoint, placement
query, transfer); what the receivers do in parallel is in the slope. The resident process of a VM is created once,
so later threads of that VM are local.
Assumptions: one daemon a VM, all targets asked at once; the state that is sent does not grow.
When not to use it: for fork-intensive programs, where issuers queue at the daemons.
Source: OS clustering, EuroSys 2011, Table 4: fork 5.40 ms (1) and 31.77 ms (24), clone 3.21 ms and 30.79 ms.
"""

from __future__ import annotations

from typing import Any


def spawn_time(lib: Any, vms: Any, fixed: Any, each: Any) -> Any:
    """Seconds until all VMs have started, 0 with one VM."""
    return (fixed + each * vms) * lib.minimum(vms - 1, 1)


def line_through(one: float, many: float, count: int) -> tuple[float, float]:
    """Fixed part and slope of the spawn line from two measured points, 1 and ``count`` targets."""
    each = (many - one) / (count - 1)
    return one - each, each
