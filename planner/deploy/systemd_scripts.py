"""Shell scripts that put systemd slices in force and take them back, leaving the host as it was.

What is changed: slice files in ``/etc/systemd/system``, and ``AllowedCPUs`` of ``system.slice`` and ``user.slice``
for as long as the host runs. What those were is recorded first. Undo widens the cgroups to the recorded CPUs before
it takes the setting away, for without that they stay narrow; then it removes or restores the one drop-in file that
``set-property`` wrote. ``systemctl revert`` is not used: it would delete the administrator's drop-ins.
Source: systemctl(1), systemd.resource-control(5), systemd.unit(5) on ``/run/systemd/system.control``.
"""

from __future__ import annotations

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment

# First line of our unit files: what does not carry it is somebody else's.
MARK = "# Written by cerberus-plan export."

_COMMON = """set -eu
units=/etc/systemd/system
control=/run/systemd/system.control
state=/run/cerberus-plan/{name}
cgroups=/sys/fs/cgroup
slices="{slices}"
others="{others}"

ours() {{ [ ! -e "$1" ] || [ "$(head -n 1 "$1")" = "{mark}" ]; }}
"""

_APPLY = """#!/bin/sh
# Installs the slices of {name} and keeps everything else off their CPUs. Needs root, systemd 244, cgroup version 2.
# What was there before is recorded; undo.sh restores it.
{common}
here=$(cd "$(dirname "$0")" && pwd)
[ -e "$cgroups/cgroup.controllers" ] || {{ echo "$cgroups is not cgroup version 2, which slices need" >&2 && exit 1; }}
for slice in $slices; do
    ours "$units/$slice" || {{ echo "$units/$slice is not ours; rename the workload and export again" >&2 && exit 1; }}
done
mkdir -p "$state"
for slice in $slices; do cp "$here/$slice" "$units/$slice"; done
systemctl daemon-reload
for other in $others; do
    # applied twice: what was there before the first time counts
    if [ ! -e "$state/$other.cpus" ]; then
        dropin=$control/$other.d/50-AllowedCPUs.conf
        if [ -e "$dropin" ]; then cp -p "$dropin" "$state/$other.conf"; fi
        systemctl show --property=AllowedCPUs --value "$other" >"$state/$other.part"
        mv "$state/$other.part" "$state/$other.cpus"
    fi
    systemctl set-property --runtime "$other" "AllowedCPUs={host}"
done
"""

_UNDO = """#!/bin/sh
# Takes back what apply.sh did: ends what runs in the slices, removes our files, restores what was recorded.
{common}
if systemctl is-active --quiet {name}.slice; then systemctl stop {name}.slice; fi
for other in $others; do
    [ -e "$state/$other.cpus" ] || continue
    before=$(cat "$state/$other.cpus")
    # widen first: a cgroup keeps its cpuset when the setting alone goes away
    systemctl set-property --runtime "$other" "AllowedCPUs=${{before:-$(cat /sys/devices/system/cpu/online)}}"
    dropin=$control/$other.d/50-AllowedCPUs.conf
    if [ -e "$state/$other.conf" ]; then
        cp -p "$state/$other.conf" "$dropin"
    else
        rm -f "$dropin"
        rmdir "$control/$other.d" 2>/dev/null || true # others' settings may be there
    fi
done
for slice in $slices; do
    if ours "$units/$slice"; then rm -f "$units/$slice"; fi
done
systemctl daemon-reload
for other in $others; do
    cpuset=$cgroups/$other/cpuset.cpus
    # no setting before: the cgroup follows its parent again
    if [ -e "$state/$other.cpus" ] && [ -z "$(cat "$state/$other.cpus")" ] && [ -e "$cpuset" ]; then echo >"$cpuset"; fi
done
rm -rf "$state"
"""


def scripts(deployment: Deployment) -> dict[str, str]:
    """``apply.sh`` and ``undo.sh``."""
    names = [deployment.name, *(unit.name for unit in deployment.units)]
    common = _COMMON.format(
        name=deployment.name,
        slices=" ".join(f"{name}.slice" for name in names),
        # without a CPU of its own nothing else can be moved away
        others="system.slice user.slice" if deployment.host_cpus else "",
        mark=MARK,
    )
    host = cpu_list(deployment.host_cpus)
    return {
        "apply.sh": _APPLY.format(name=deployment.name, common=common, host=host),
        "undo.sh": _UNDO.format(name=deployment.name, common=common),
    }
