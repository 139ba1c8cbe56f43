"""How many instances are lost with one instance, or with one socket.

Models: instances laid out one after the other over the sockets; where whole instances fit into sockets and there are
enough of them, none crosses a socket and they are spread evenly.
Equation: with c cores a socket, S sockets and m instances of k cores, ceil(m / S) are lost with a socket when
S floor(c / k) >= m; else the largest number of instances [i k, (i + 1) k) that touch a socket [s c, (s + 1) c).
Assumptions: sockets of equal size; clients of what is lost are sent to the rest at once.
When not to use it: for power or network failures, which no split of one machine survives.
"""

from __future__ import annotations

import math

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import SOCKET


def lost_instances(machine: Machine, loss: str, instances: int, cores_per_instance: int) -> int:
    """Instances that are gone after the loss.

    Raises:
        InputError: A socket is to be lost on a machine that has one.
    """
    if loss != SOCKET:
        return 1
    sockets = len(set(machine.topology.sockets))
    if sockets == 1:
        raise InputError(f"--survive socket: {machine.name} has one socket, so nothing survives its loss")
    per_socket = math.ceil(machine.topology.n_cpus / sockets)
    if sockets * (per_socket // cores_per_instance) >= instances:
        return math.ceil(instances / sockets)
    # cores beyond the machine's own (an extrapolated plan) are taken as further sockets of this size
    used = math.ceil(instances * cores_per_instance / per_socket)
    return max(_touching(s * per_socket, per_socket, instances, cores_per_instance) for s in range(used))


def _touching(first: int, cores: int, instances: int, size: int) -> int:
    """Instances with a core in [first, first + cores)."""
    return min(math.ceil((first + cores) / size), instances) - first // size
