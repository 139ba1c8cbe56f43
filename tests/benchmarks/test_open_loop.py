"""The generator of requests that do not wait: what it charges to whom."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _serve(listening: socket.socket, stands: float, stop: threading.Event) -> None:
    """Accept nobody for a while, then answer at once."""
    time.sleep(stands)
    listening.settimeout(0.05)
    while not stop.is_set():
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        with connection:
            connection.recv(1 << 12)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")


def test_a_server_that_stands_still_is_charged_for_every_request_it_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """No coordinated omission: whoever should have come while nobody was accepted waited from his own time on."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    open_loop = importlib.import_module("open_loop")
    stop, stands = threading.Event(), 0.5
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        server = threading.Thread(target=_serve, args=(listening, stands, stop))
        server.start()
        times = open_loop.open_loop([listening.getsockname()[1]], rate=200.0, seconds=0.7, seed=3)
        stop.set()
        server.join()
    assert len(times) > 80
    # of some 80 requests meant for the first 0.4 s, each waited until the server woke
    assert sum(waited > 0.1 for waited in times) > 40
    assert max(times) > stands - 0.15
