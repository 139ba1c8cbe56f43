"""`observe --server` with real servers: memcached, nginx and PostgreSQL, each under its own load on this host."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.needs import needed_files, needed_programs

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / "benchmarks" / "servers"
NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2; events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:PORT; location / {{ return 200 "ok"; }} }}
}}
"""
pytestmark = [pytest.mark.slow, pytest.mark.hardware]


def observed(*words: str) -> dict[str, object]:
    """The JSON document of one run on one core."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "cerberus_plan",
        "observe",
        "--cores",
        "1",
        "--repeats",
        "1",
        "--json",
        *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


def check(document: dict[str, object], unit: str) -> None:
    """The server's demand is told apart from the load's, and is no more than one core can give."""
    (demand,) = document["demands"]  # type: ignore[misc]
    (run,) = document["runs"]  # type: ignore[misc]
    assert document["unit"] == f"{unit}s/s"
    assert run["load_s"] > 0
    assert 0 < demand["cpu_s"] * run["throughput"] < 1.3  # a tick of 10 ms at either end
    assert any("the load took" in finding for finding in document["findings"])  # type: ignore[attr-defined]


def test_memcached(tmp_path: Path) -> None:
    """Threads of one process, loaded by our own generator of gets."""
    needed_programs("memcached", "gcc")
    gets = tmp_path / "gets"
    subprocess.run(["gcc", "-O1", "-pthread", "-o", str(gets), str(SERVERS / "gets.c")], check=True)
    server = "memcached -u nobody -U 0 -l 127.0.0.1 -p {port} -t {cores}"
    load = f"{gets} {{port}} 2 1"
    check(observed("--server", server, "--load", load, "--regex", r"ops/s: ([\d.]+)", "--unit", "request"), "request")


def test_nginx(tmp_path: Path) -> None:
    """Worker processes under a master, loaded by wrk."""
    needed_programs("nginx", "wrk")
    (tmp_path / "template").write_text(NGINX.format(folder=tmp_path), encoding="utf-8")
    fill, start = 'sed "s/PORT/{port}/" template > conf', f'exec nginx -p "{tmp_path}" -c conf'
    server = f"sh -c 'cd \"{tmp_path}\"; {fill}; {start}'"
    load = "wrk -t1 -c4 -d1s --latency http://127.0.0.1:{port}/"
    found = observed("--server", server, "--load", load, "--regex", r"Requests/sec: +([\d.]+)", "--unit", "request")
    check(found, "request")
    (latency,) = found["latencies"]  # type: ignore[misc]
    assert (latency["cores_per_instance"], latency["concurrency"], latency["rate"]) == (1, 4, None)
    assert 0 < latency["p50"] <= latency["p99"]


def test_postgres_and_its_backends_that_have_ended() -> None:
    """A backend for each connection of pgbench ends before the counters are read: the postmaster has their times."""
    needed_programs("pgbench", "setpriv")
    needed_files("PostgreSQL", *list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[:1] or [Path("initdb")])
    load = "pgbench -h 127.0.0.1 -p {port} -U postgres -S -n -c 2 -T 1 postgres"
    server = f"{SERVERS / 'postgres.sh'} {{port}}"
    found = observed("--server", server, "--load", load, "--regex", r"tps = ([\d.]+)", "--unit", "transaction")
    check(found, "transaction")
    (demand,) = found["demands"]  # type: ignore[misc]
    assert demand["cpu_s"] > 10e-6  # a select takes more than that anywhere


def test_a_server_that_runs_already_is_left_running(tmp_path: Path) -> None:
    """--pid: its demand, on the CPUs it has."""
    script = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
    script += "while True:\n c, _ = s.accept(); c.recv(9); sum(range(300000)); c.sendall(b'x'); c.close()\n"
    load = "import socket, sys\nfor _ in range(9):\n c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
    load += " c.sendall(b'x'); c.recv(9); c.close()\nprint('rate: 9')\n"
    (tmp_path / "load.py").write_text(load, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", script], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            command = [sys.executable, "-P", "-m", "cerberus_plan", "observe", "--pid", str(server.pid)]
            command += ["--regex", r"rate: (\d)", "--load", f"{sys.executable} {tmp_path / 'load.py'} {port}", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["demands"][0]["cpu_s"] > 0
            time.sleep(0.1)
            assert server.poll() is None
        finally:
            server.kill()
