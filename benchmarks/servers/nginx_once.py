"""One nginx under load for a moment: `python nginx_once.py WORKERS [SECONDS]` prints `requests/s: NUMBER`.

Starts nginx on a free port of the loopback interface with that many workers in a folder of its own, loads it with wrk,
and stops it. Made for `cerberus-plan verify`, which runs one copy an instance.
The load comes from the same CPUs, so numbers compare splits, not servers.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes {workers};
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""


def main() -> None:
    """Run the server and its load."""
    workers = int(sys.argv[1])
    seconds = int(float(sys.argv[2])) if len(sys.argv) > 2 else 1
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # Debian keeps nginx where only root looks
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or sys.exit("nginx is not installed")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(CONFIGURATION.format(folder=folder, workers=workers, port=port))
        log = Path(folder) / "error.log"
        server = subprocess.Popen([nginx, "-p", folder, "-c", str(file), "-e", str(log)])
        try:
            _wait(port, server)
            url = f"http://127.0.0.1:{port}/"
            done = subprocess.run(
                ["wrk", f"-t{max(1, workers // 2)}", f"-c{8 * workers}", f"-d{seconds}s", url],
                capture_output=True,
                text=True,
                check=False,
            )
            found = re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout)
            print(f"requests/s: {found[1]}" if found else sys.exit(done.stdout + done.stderr))
        finally:
            server.terminate()
            server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if server.poll() is not None:
            sys.exit(f"nginx ended with code {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    sys.exit("nginx does not answer")


if __name__ == "__main__":
    main()
