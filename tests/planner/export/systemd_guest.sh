# Run by the guest's own systemd: what the host is before apply.sh, under it with an instance running, and after undo.sh.
state() {
    echo "state: $1"
    find /etc/systemd /run/systemd/system.control /run/cerberus-plan -type f 2>/dev/null | sort | while read -r file; do
        while read -r line; do echo "$file: $line"; done <"$file"
    done
    for slice in system user; do
        for kind in cpus mems; do
            group=/sys/fs/cgroup/$slice.slice set=
            if [ -e "$group/cpuset.$kind" ]; then
                read -r set <"$group/cpuset.$kind"
            else # a controller that nobody needs is off, and all that there is may be used
                group=/sys/fs/cgroup
            fi
            read -r all <"$group/cpuset.$kind.effective"
            echo "$slice.slice $kind: set to '$set', may use $all"
        done
        read -r high </sys/fs/cgroup/$slice.slice/memory.high && echo "$slice.slice memory.high: $high"
    done
    for process in /proc/[0-9]*; do
        read -r name <"$process/comm"
        [ "$name" = sleep ] || continue
        read -r group <"$process/cgroup"
        grep _allowed_list "$process/status" | while read -r key value; do echo "sleep in ${group##*::}: $key $value"; done
    done
}
mount -t tmpfs tmpfs /tmp
systemctl set-property --runtime system.slice MemoryHigh=400M
state before
sh /deploy/apply.sh
echo "apply: $?"
systemctl start work-00.service
echo "run: $?"
state applied
sh /deploy/undo.sh
echo "undo: $?"
state after
echo "state: end"
echo o >/proc/sysrq-trigger
