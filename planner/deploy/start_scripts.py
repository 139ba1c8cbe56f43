"""Shell scripts that start the instances of a table, as processes or as containers, and end exactly those again.

Every process is a session of its own. What was started is recorded beside the scripts: session and time of birth of a
process, so that a number the kernel gave to somebody else is not ended; identity of a container. All instances are
tried before the first is started, so that a CPU or node that is not there leaves nothing half-started.
Source: setsid(1), numactl(8), proc_pid_stat(5), docker-run(1) on ``--cidfile``.
"""

from __future__ import annotations

_COMMON = """set -eu
here=$(cd "$(dirname "$0")" && pwd)
started=$here/started
"""

_INSTANCES = """
instances() {
    awk '{sub(/#.*/, "")} NF' "$here/{table}"
}
"""

_BEGIN = """
begin() {  # makes the record; one that is there belongs to instances that may run
    mkdir "$started" || { echo "started before from $here; run undo.sh first" >&2 && exit 1; }
    trap 'test $? = 0 || echo "not all was started; undo.sh takes back what was" >&2' EXIT
}
"""

# One line a process: number, state, parent, group, session, ..., time of birth in column 21. Names may hold blanks.
_PROCESSES = """
processes() {
    cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9]*\\) (.*) /\\1 /p'
}
"""

_START = """#!/bin/sh
# Runs a command once an instance, each on its CPUs and memory nodes: sh start.sh COMMAND ARGUMENT...
# PIN: numactl, or taskset, which leaves memory where the kernel puts it; numactl where it is installed.
{common}{instances}{begin}
if [ $# -eq 0 ]; then
    echo "usage: sh start.sh COMMAND ARGUMENT...; CERBERUS_INSTANCE and CERBERUS_THREADS are set for it" >&2
    exit 2
fi
command -v "$1" >/dev/null || { echo "$1: there is no such command" >&2 && exit 2; }
command -v setsid >/dev/null || { echo "setsid is needed (package util-linux)" >&2 && exit 1; }
if [ -z "${PIN:-}" ]; then
    PIN=taskset
    if command -v numactl >/dev/null; then PIN=numactl; fi
fi
case $PIN in
    numactl) ;;
    taskset) echo "taskset pins CPUs only: memory nodes are not bound; install numactl for that" >&2 ;;
    *) echo "PIN=$PIN: numactl or taskset is expected" >&2 && exit 2 ;;
esac

pinned() {  # CPUS NODES COMMAND...; becomes the command
    cpus=$1 nodes=$2
    shift 2
    if [ "$PIN" = numactl ]; then exec numactl "--physcpubind=$cpus" "--membind=$nodes" "$@"; fi
    exec taskset -c "$cpus" "$@"
}

instances | while read -r name cpus nodes _; do
    (pinned "$cpus" "$nodes" true) || {
        echo "$name: $PIN cannot bind CPUs $cpus, nodes $nodes; nothing was started" >&2
        exit 1
    }
done
begin
instances | while read -r name cpus nodes threads; do
    export CERBERUS_INSTANCE="$name" CERBERUS_THREADS="$threads"
    # setsid, numactl and taskset become what they start: one number all along
    (pinned "$cpus" "$nodes" setsid "$@") </dev/null &
    # read before any other child is waited for: a command that ended at once is still there to be read
    read -r status <"/proc/$!/stat"
    echo "$! ${status##*) }" >"$started/$name.pid"
done
echo "started: see $started; undo.sh ends it"
"""

_DOCKER = """#!/bin/sh
# Starts a container an instance, each on its CPUs and memory nodes: IMAGE=your/image sh docker.sh [COMMAND ARGUMENT...]
# DOCKER: the program, docker or podman.
{common}{instances}{begin}
: "${IMAGE:?set IMAGE to the image to run}"
docker=${DOCKER:-docker}
command -v "$docker" >/dev/null || { echo "$docker is not installed; set DOCKER" >&2 && exit 1; }
begin
instances | while read -r name cpus nodes threads; do
    "$docker" run --detach --name "$name" --cidfile "$started/$name.container" \\
        --cpuset-cpus "$cpus" --cpuset-mems "$nodes" \\
        --env "CERBERUS_INSTANCE=$name" --env "CERBERUS_THREADS=$threads" "$IMAGE" "$@" </dev/null >/dev/null
done
echo "started: see $started; undo.sh ends it"
"""

_UNDO = """#!/bin/sh
# Ends the processes and removes the containers that were started from this folder, and nothing else.
# DOCKER: the program they were started with, docker or podman.
{common}{processes}
docker=${DOCKER:-docker}
if [ ! -d "$started" ]; then
    echo "nothing is recorded as started from $here"
    exit 0
fi

members() {  # PID BIRTH: what runs in the session, unless its number now is another process's
    processes | awk -v sid="$1" -v birth="$2" '
        $1 == sid && $21 != birth {other = 1}
        ($1 == sid || $5 == sid) && $2 != "Z" && $21 >= birth {found = found " " $1}
        END {if (!other) print found}'
}

for record in "$started"/*.container; do
    [ -s "$record" ] || continue
    "$docker" rm --force "$(cat "$record")" >/dev/null
    rm "$record"
done
for record in "$started"/*.pid; do
    [ -s "$record" ] || continue
    pid=$(cut -d" " -f1 "$record") birth=$(cut -d" " -f21 "$record")
    # one may have ended since: what is left is looked at below
    for member in $(members "$pid" "$birth"); do kill "$member" 2>/dev/null || true; done
done
for record in "$started"/*.pid; do
    [ -s "$record" ] || continue
    pid=$(cut -d" " -f1 "$record") birth=$(cut -d" " -f21 "$record")
    for _ in $(seq 100); do
        [ -n "$(members "$pid" "$birth")" ] || break
        sleep 0.1
    done
    left=$(members "$pid" "$birth")
    if [ -n "$left" ]; then
        echo "$(basename "$record" .pid): still running:$left; end them (kill -KILL) and run undo.sh again" >&2
        exit 1
    fi
    rm "$record"
done
rm -rf "$started"
"""


def scripts(table: str) -> dict[str, str]:
    """``start.sh``, ``docker.sh`` and ``undo.sh``.

    Args:
        table: Name of the file beside them: name, CPUs, memory nodes and threads of an instance a line.
    """
    parts = {
        "{common}": _COMMON,
        "{instances}": _INSTANCES.replace("{table}", table),
        "{begin}": _BEGIN,
        "{processes}": _PROCESSES,
    }
    files = {"start.sh": _START, "docker.sh": _DOCKER, "undo.sh": _UNDO}
    for mark, text in parts.items():
        files = {name: script.replace(mark, text) for name, script in files.items()}
    return files
