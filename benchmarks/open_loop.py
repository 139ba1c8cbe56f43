"""A server's response times under arrivals that do not wait for answers, beside what is predicted of them.

    python benchmarks/open_loop.py [--seconds 20] [--words 1500]

nginx compresses one page anew for every request, on the first two CPUs: as one instance of two workers (1 x 2), and
as two instances of one (2 x 1). Requests are sent at times drawn in advance (Poisson), each on a connection of its own,
whether or not earlier ones are answered; a response time counts from the *intended* time, so that a generator or a
server that falls behind is charged for it (no coordinated omission). What is predicted rests on requests one after the
other: the mean of a request's work and its variability; rates are shares of what that work allows.
The last table is what a plan says of all of them that knows the response times of one split at one rate
(``planner.objectives.evidence``): where requests are short (few words) most of their time is no work.
Everything runs at real-time priority where that is allowed, the generator above the servers, so that others on the
host do not count. When not to use it: for more than a few hundred requests a second, where the generator itself counts.
"""

from __future__ import annotations

import argparse
import os
import random
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from cerberus_plan import Delay, Instance, Objective, latency
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.reach import Answering
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

REQUEST = b"GET /page.txt HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
FIRST_PORT = 18480
SHARES = (0.3, 0.5, 0.7)
ALONE = 200
# Some milliseconds of compressing, so that sending and receiving hardly count.
PAGE_WORDS = 1_500
# What the plan of the last table knows: the first split at this share.
KNOWN_SHARE = 0.3
STATISTICS = ("mean", "p50", "p95", "p99")
# Lateness of the generator that no work of its own explains [s].
STOOD_STILL = 2e-3
# Real-time priorities: servers, generator.
SERVERS, GENERATOR = 1, 2


def configuration(folder: Path, port: int, cpus: Sequence[int]) -> str:
    """One nginx with a worker on each CPU."""
    masks = " ".join(format(1 << cpu, "b").zfill(2) for cpu in cpus)
    return f"""daemon off; master_process on; worker_processes {len(cpus)}; worker_cpu_affinity {masks};
pid {folder}/{port}.pid; error_log {folder}/{port}.log; events {{ worker_connections 1024; multi_accept off; }}
http {{ access_log off; gzip on; gzip_comp_level 9; gzip_http_version 1.0; gzip_types text/plain; gzip_min_length 1;
gzip_buffers 64 64k;
client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
scgi_temp_path {folder}/s; server {{ listen 127.0.0.1:{port} backlog=4096 sndbuf=4m; root {folder}; }} }}
"""


@contextmanager
def running(instances: Sequence[Sequence[int]], page: bytes) -> Iterator[list[int]]:
    """Nginx instances on the given CPUs; gives their ports."""
    nginx = shutil.which("nginx")
    if nginx is None:
        raise SystemExit("nginx is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "page.txt").write_bytes(page)
        ports = [FIRST_PORT + i for i in range(len(instances))]
        started = []
        try:
            for port, cpus in zip(ports, instances, strict=True):
                file = folder / f"{port}.conf"
                file.write_text(configuration(folder, port, cpus))
                started.append(subprocess.Popen([nginx, "-p", name, "-c", str(file)]))
            for port in ports:
                wait_for(port)
            yield ports
        finally:
            for child in started:
                child.terminate()
            for child in started:
                child.wait()


def wait_for(port: int) -> None:
    """Until the port answers.

    Raises:
        TimeoutError: It does not within ten seconds.
    """
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        time.sleep(0.05)
    raise TimeoutError(f"no server on port {port}")


class Connection:
    """One request under way."""

    def __init__(self, port: int, intended: float) -> None:
        self.intended = intended
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.sent = False


def open_loop(
    ports: Sequence[int], rate: float, seconds: float, seed: int, late: list[float] | None = None
) -> list[float]:
    """Response times of a Poisson stream, each request at an instance at random [s].

    ``late`` is given how late each was sent: at real-time priority, for how long the host stood still.
    """
    draw = random.Random(seed)  # noqa: S311 - arrivals, not secrets
    times, at = [], 0.0
    while (at := at + draw.expovariate(rate)) < seconds:
        times.append((at, draw.choice(ports)))
    waiting, found, start = selectors.DefaultSelector(), [], time.perf_counter() + 0.1
    pending = 0
    for intended, port in [*times, (float("inf"), 0)]:
        while (left := start + intended - time.perf_counter()) > 0.0 and (pending or intended < float("inf")):
            for key, _ in waiting.select(min(left, 1.0)):
                pending -= _step(waiting, key.data, found)
        if intended < float("inf"):
            if late is not None:
                late.append(max(time.perf_counter() - start - intended, 0.0))
            one = Connection(port, start + intended)
            waiting.register(one.socket, selectors.EVENT_WRITE, one)
            pending += 1
    return found


def _step(waiting: selectors.BaseSelector, one: Connection, found: list[float]) -> int:
    """Send, or read; 1 when the answer is complete."""
    if not one.sent:
        one.socket.send(REQUEST)
        one.sent = True
        waiting.modify(one.socket, selectors.EVENT_READ, one)
        return 0
    if one.socket.recv(1 << 16):
        return 0
    found.append(time.perf_counter() - one.intended)
    waiting.unregister(one.socket)
    one.socket.close()
    return 1


def one_by_one(port: int, count: int) -> list[float]:
    """Response times of requests that wait for each other [s]."""
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(REQUEST)
            while connection.recv(1 << 16):
                pass
        found.append(time.perf_counter() - begun)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of them stays below."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def real_time(priority: int) -> bool:
    """Ask for real-time priority; whether it was given."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return False
    return True


class Row(NamedTuple):
    """What was measured of a split at a rate: mean, p50, p95, p99; and what one request after the other told."""

    split: tuple[int, int]
    share: float
    rate: float
    times: list[float]
    work: float
    varies: float

    @property
    def measured(self) -> MeasuredLatency:
        """As a workload file has it."""
        told = dict(zip(STATISTICS, self.times, strict=True))
        return MeasuredLatency(instances=self.split[0], cores_per_instance=self.split[1], rate=self.rate, **told)


def show_with_one_known(rows: Sequence[Row]) -> None:
    """All of them as a plan predicts them that knows one."""
    known = next(row for row in rows if row.share == KNOWN_SHARE)
    quantity = Quantity(
        value=known.work, unit="s", provenance=Provenance.MEASURED, source="one request after the other"
    )
    workload = Workload(
        name="nginx",
        description="",
        unit="requests/s",
        units_per_cycle=1.0,
        operations={"compute": quantity},
        service_variability=min(known.varies, 1000.0),
        latencies=(known.measured,),
    )
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    answering = Answering(plan(catalog.machine("amd48"), workload, systems, Constraints(cores=2)))
    print(f"knowing 1x2 at {known.rate:.0f}/s alone:")
    print(f"{'split':>6}{'rate':>8}{'load':>6}" + "".join(f"{name:>16}" for name in STATISTICS))
    for row in rows:
        candidate = next(c for c in answering.plan.candidates if (c.vms, c.cores_per_vm) == row.split)
        found = answering.reach(candidate, Objective()).answers.latency(row.rate)
        cells = "".join(
            f"{seen * 1e3:8.2f}/{'unstable' if said is None or said == float('inf') else f'{said * 1e3:7.2f}'}"
            for seen, said in zip(row.times, found.values, strict=True)
        )
        print(f"{row.split[0]}x{row.split[1]:<4}{row.rate:8.1f}{row.share:6.1f}{cells}")


def main() -> None:
    """Print predicted and measured percentiles at three rates of both splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each run")
    parser.add_argument("--words", type=int, default=PAGE_WORDS, help="length of the page")
    given = parser.parse_args()
    seconds = given.seconds
    draw = random.Random(1)  # noqa: S311 - a page, not a secret
    page = b" ".join(b"word%d" % int(draw.expovariate(0.02)) for _ in range(given.words))
    if not real_time(SERVERS):
        print("no real-time priority: others on this host count", file=sys.stderr)
    print(f"{'split':>6}{'rate':>8}{'load':>6}{'mean':>16}{'p50':>16}{'p99':>16}   measured / predicted [ms]")
    worst, rows = 1.0, []
    for name, cpus in (("1x2", [[0, 1]]), ("2x1", [[0], [1]])):
        real_time(SERVERS)
        with running(cpus, page) as ports:
            real_time(GENERATOR)
            alone = one_by_one(ports[0], ALONE)
            work = statistics.mean(alone)
            varies = statistics.variance(alone) / work**2
            threads = len(cpus[0])
            instances = [Instance(threads=threads, stations=[Delay(work)])] * len(cpus)
            for seed, share in enumerate(SHARES):
                rate = share * 2.0 / work
                late: list[float] = []
                seen = open_loop(ports, rate, seconds, seed, late)
                stood = sum(each > STOOD_STILL for each in late) / len(late)
                said = latency(instances=instances, rate=rate, variability=min(varies, 1000.0))
                times = [statistics.mean(seen), *(quantile(seen, share) for share in (0.5, 0.95, 0.99))]
                rows.append(Row((len(cpus), threads), share, rate, times, work, varies))
                pairs = [
                    (statistics.mean(seen), said.mean or 0.0),
                    (quantile(seen, 0.5), said.p50 or 0.0),
                    (quantile(seen, 0.99), said.p99 or 0.0),
                ]
                cells = "".join(f"{a * 1e3:8.2f}/{b * 1e3:7.2f}" for a, b in pairs)
                print(
                    f"{name:>6}{rate:8.1f}{share:6.1f}{cells}   {len(seen)} requests, c2 {varies:.3f}, "
                    f"{stood:.2%} sent late",
                    flush=True,
                )
                worst = max(worst, pairs[2][0] / pairs[2][1], pairs[2][1] / pairs[2][0])
    print(f"largest factor between measured and predicted 99th percentile: {worst:.2f}")
    show_with_one_known(rows)


if __name__ == "__main__":
    main()
