#!/bin/sh
# A PostgreSQL of its own with pgbench's tables: postgres.sh PORT [SCALE]. Its data goes with it when it is asked to end.
#   cerberus-plan observe --server 'benchmarks/servers/postgres.sh {port}' --regex 'tps = ([0-9.]+)' --unit transaction \
#     --load 'pgbench -h 127.0.0.1 -p {port} -U postgres -S -n -c {cores} -j {cores} -T 2 postgres'
# Started as root it runs as the user postgres, as PostgreSQL demands.
set -eu
port=$1 scale=${2:-1}
for folder in /usr/lib/postgresql/*/bin; do PATH=$folder:$PATH; done # where Debian puts it
if [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid=postgres --regid=postgres --init-groups sh -s "$port" "$scale" <"$0" # it may not read this folder
fi
data=$(mktemp -d)
cd "$data"
initdb -D "$data/db" -U postgres -A trust --no-sync >/dev/null
common="-c port=$port -c unix_socket_directories=$data -c fsync=off"
pg_ctl -s -D "$data/db" -o "$common -c listen_addresses=" -l "$data/log" -w start # not reachable before it is filled
pgbench -i -q -s "$scale" -h "$data" -p "$port" -U postgres postgres >/dev/null 2>&1
pg_ctl -s -D "$data/db" -w -m fast stop
# shellcheck disable=SC2086 # options, not one word
postgres -D "$data/db" $common -c listen_addresses=127.0.0.1 &
trap 'kill -INT $! 2>/dev/null; wait; cd /; rm -rf "$data"' EXIT
trap 'exit 0' TERM INT
wait $!
