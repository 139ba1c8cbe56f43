"""Who kept a run's cores busy: it, a server's load, others; nothing is counted twice, and nothing is left out.

    n E = own + load on these cores + others + stolen + idle          n cores, watched for E seconds

``/proc/stat`` says how long the cores worked and what a hypervisor kept; own and load are processor time that the
kernel accounts to processes. A command is watched from its start to its end. A server is watched under its counted load
only: its warm-ups have loads too, and one with ``--pid`` is no child of ours that could be waited for.
Assumptions: a load on several CPUs, some of them the server's, is on all of them alike. Ticks of 10 ms: a core is
known to within two of them.
When not to use it: for programs that leave the CPUs they were given.
Source: proc(5), /proc/stat and /proc/PID/stat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.observe.cpus import Busy
from cerberus_plan.calibration.programs.observe.process import Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Processor seconds on a run's cores beside its own.

    Attributes:
        watched_s: How long they were watched [s]; all else was counted in this time.
        others_s: That other programs took [s].
        stolen_s: That a hypervisor kept [s].
        load_s: Of a server's load, wherever it ran [s].
        load_on_cores_s: Of it, on these cores [s].
    """

    watched_s: float
    others_s: float
    stolen_s: float
    load_s: float
    load_on_cores_s: float


def watched(done: Finished, noise: Busy, cpus: Sequence[int], load_cpus: Sequence[int] | None) -> Watched:
    """What a finished run says of its cores.

    Args:
        done: The run.
        noise: How busy its CPUs were from its start to its end.
        cpus: Its CPUs.
        load_cpus: Those of a server's load; None for the server's own.
    """
    if (server := done.server) is None:
        own = done.user_s + done.system_s
        return _watched(done.elapsed_s, noise, own=own, load_s=0.0, load_on_cores_s=0.0)
    shared = 1.0 if load_cpus is None else len({*load_cpus} & {*cpus}) / len({*load_cpus})
    return _watched(
        server.elapsed_s,
        Busy(server.working_s, server.stolen_s),
        own=server.user_s + server.system_s,
        load_s=server.client_s,
        load_on_cores_s=shared * server.client_s,
    )


def _watched(watched_s: float, noise: Busy, *, own: float, load_s: float, load_on_cores_s: float) -> Watched:
    return Watched(
        watched_s=watched_s,
        others_s=max(noise.working_s - own - load_on_cores_s, 0.0),
        stolen_s=noise.stolen_s,
        load_s=load_s,
        load_on_cores_s=load_on_cores_s,
    )
