"""Shell scripts that set options of existing Proxmox machines and set them back to what they were.

What an option was is recorded before it is set, once: applied twice, the first record counts. Undo gives recorded
options their value back and deletes those that were not there; nothing else of a machine is touched.
Source: Proxmox VE manual page qm(1).
"""

from __future__ import annotations

from cerberus_plan.planner.deploy.deployment import Deployment

_COMMON = """set -eu
here=$(cd "$(dirname "$0")" && pwd)
before=$here/before
names="{names}"
command -v qm >/dev/null || {{ echo "qm is not here: run this on the host of the machines" >&2 && exit 1; }}

options() {{  # of what qm config prints, or of a file of ours: every option up to the first snapshot
    sed -n -e '/^\\[/q' -e 's/^\\([a-z][a-z0-9]*\\): *\\(.*\\)$/\\1 \\2/p'
}}
"""

_APPLY = """#!/bin/sh
# Sets the options of existing machines that are off: sh apply.sh VMID..., in the order of the instances.
{common}
if [ $# -ne {count} ]; then
    echo "usage: sh apply.sh VMID...: {count} numbers are needed, for $names" >&2
    exit 2
fi
for id in "$@"; do
    case $id in *[!0-9]* | "") echo "$id: the number of a machine is expected" >&2 && exit 2 ;; esac
    qm config "$id" >/dev/null || {{ echo "$id: there is no such machine; nothing was set" >&2 && exit 1; }}
done
mkdir -p "$before"
for name in $names; do
    if [ ! -e "$before/$1.config" ]; then
        qm config "$1" >"$before/$1.part"
        mv "$before/$1.part" "$before/$1.config"
    fi
    # guest nodes of before that are not ours would be added to ours
    for old in $(options <"$before/$1.config" | sed -n 's/^\\(numa[0-9][0-9]*\\) .*/\\1/p'); do
        grep -q "^$old:" "$here/$name.conf" || qm set "$1" --delete "$old" >/dev/null
    done
    options <"$here/$name.conf" | while read -r option value; do
        qm set "$1" "--$option" "$value" </dev/null >/dev/null
    done
    shift
done
"""

_UNDO = """#!/bin/sh
# Gives every option that apply.sh set its former value back.
{common}
[ -d "$before" ] || {{ echo "nothing is recorded as set from $here" && exit 0; }}
ours=$(for name in $names; do options <"$here/$name.conf"; done | cut -d' ' -f1 | sort -u | tr '\\n' ' ')
for record in "$before"/*.config; do
    [ -e "$record" ] || continue
    id=$(basename "$record" .config)
    for option in $ours; do
        options <"$record" | grep -q "^$option " && continue
        qm config "$id" | grep -q "^$option:" || continue
        qm set "$id" --delete "$option" >/dev/null
    done
    options <"$record" | while read -r option value; do
        case " $ours" in *" $option "*) ;; *) case $option in numa[0-9]*) ;; *) continue ;; esac ;; esac
        qm set "$id" "--$option" "$value" </dev/null >/dev/null
    done
    rm "$record"
done
rmdir "$before"
"""


def scripts(deployment: Deployment) -> dict[str, str]:
    """``apply.sh`` and ``undo.sh``."""
    names = [unit.name for unit in deployment.units]
    common = _COMMON.format(names=" ".join(names))
    return {
        "apply.sh": _APPLY.format(common=common, count=len(names)),
        "undo.sh": _UNDO.format(common=common),
    }
