"""Runs several measuring processes one after the other and gathers what they write.

The calling process never compiles nor times anything; it starts ``calibration.campaign.measuring``, reads its lines,
and ends it cleanly when interrupted. Compiled loops are kept in the user's cache folder under a name made of
all loop sources, so an upgrade never meets stale code and nothing is left where the package is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.child import ended, python
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.kernel_cache import loops_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CALIBRATION = Path(__file__).parents[1]
#: A measuring process that says nothing for so long is stuck [s]; one loop compiles in about 2 s.
SILENCE_S = 120.0
#: Even when time is out: with the fewest rounds of each these give enough batches, and one process alone says nothing
#: about how much processes differ.
_FEWEST_PROCESSES = 3


@dataclass(slots=True)
class Gathered:
    """Everything that the measuring processes wrote."""

    batches: dict[str, list[Batch]] = field(default_factory=dict)
    processes: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        """File a batch under its case."""
        self.batches.setdefault(batch.case, []).append(batch)


def loop_fingerprint() -> str:
    """Hash of all sources that compiled loops are made of."""
    digest = hashlib.sha256()
    for folder in (_CALIBRATION / "harness", _CALIBRATION / "primitives"):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled loops are kept: in the user's cache folder."""
    return Path(loops_folder()) / f"loops-{loop_fingerprint()}"


def _environment() -> dict[str, str]:
    """For the measuring process: our cache, and no helper threads of numerical libraries."""
    return {
        **os.environ,
        "NUMBA_CACHE_DIR": str(cache_folder()),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",  # standard error is shown only if the process fails
    }


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Records as they come.

    Raises:
        CannotAnswerError: Nothing came for two minutes.
    """
    if process.stdout is None:
        return
    source = process.stdout.fileno()
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=SILENCE_S):
                raise CannotAnswerError(
                    f"a measuring process said nothing for {SILENCE_S:.0f} s; the machine is overloaded "
                    "or the process was stopped; try again when it is quieter"
                )
            chunk = os.read(source, 1 << 16)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a measuring process and its workers, politely first so that it removes its files."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _raise_failure(process: subprocess.Popen[bytes], error: dict[str, Any] | None) -> None:
    """Turn the end of a failed process into one of our errors."""
    code = process.wait()
    if error is not None:
        raise (InputError if error["kind"] == "input" else CannotAnswerError)(error["error"])
    if code == 0:
        return
    trace = (process.stderr.read() if process.stderr else b"").decode(errors="replace").strip().splitlines()
    how = ended(code)
    if code == -signal.SIGABRT:
        how += "; the installed LLVM cannot assemble the loops for this processor"
    raise CannotAnswerError(
        f"a measuring process {how}. Last words: {trace[-1] if trace else 'none'}. "
        "Run `calibrate --only syscall` to see whether any primitive works here"
    )


class Campaign:
    """Measuring processes in sequence.

    Args:
        orders: What each process does.
        processes: How many fresh processes.
        report: Receives (label, batches done, batches expected).
        budget_s: Time for all processes together; late ones do fewer rounds. None for no limit.
    """

    def __init__(
        self,
        *,
        orders: Orders,
        processes: int,
        report: Callable[[str, int, int], None] | None = None,
        budget_s: float | None = None,
    ) -> None:
        self._budget_s = budget_s
        self._orders = orders
        self._processes = processes
        self._report = report or (lambda _label, _done, _expected: None)
        self._done = 0
        self._expected = 0

    def run(self) -> Gathered:
        """Run all processes.

        Raises:
            InputError: The orders cannot be carried out (unknown primitive, no right to real-time scheduling).
            CannotAnswerError: A measuring process failed.
        """
        gathered = Gathered()
        begun = time.monotonic()
        for number in range(self._processes):
            share = None
            if self._budget_s is not None:
                share = (self._budget_s - (time.monotonic() - begun)) / (self._processes - number)
                if share <= 0.0 and number >= _FEWEST_PROCESSES:
                    break
            orders = replace(self._orders, process=number, budget_s=share, sizes=gathered.sizes)
            self._run_one(orders, gathered)
        return gathered

    def _run_one(self, orders: Orders, gathered: Gathered) -> None:
        begun = time.monotonic()
        command = python("-m", "cerberus_plan.calibration.campaign.measuring")
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            start_new_session=True,  # Ctrl-C reaches us only; we end it in order
        )
        try:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(orders.to_json().encode() + b"\n")
            error = self._follow(process, orders.process, gathered, begun)
            _raise_failure(process, error)
        finally:
            _stop(process)

    def _follow(
        self, process: subprocess.Popen[bytes], number: int, gathered: Gathered, begun: float
    ) -> dict[str, Any] | None:
        """Read a process to its end; returns its error record if it wrote one."""
        label = f"process {number + 1} of {self._processes}"
        loops = 0
        for record in _lines(process):
            if "batch" in record:
                gathered.add(Batch.from_record(record["batch"]))
                self._done = min(self._done + 1, self._expected)
                self._report(label, self._done, self._expected)
            elif "plan" in record:
                loops = record["plan"]["loops"]
                self._done = number * record["plan"]["batches"]
                self._expected = self._processes * record["plan"]["batches"]
            elif "compiled" in record:
                self._report(f"{label}, compiled {record['compiled']} of {loops}", self._done, self._expected)
            elif "skipped" in record:
                gathered.skipped.update(record["skipped"])
            elif "sizes" in record:
                gathered.sizes = record["sizes"]
            elif "done" in record:
                gathered.processes.append({**record["done"], "wall_s": time.monotonic() - begun})
            elif "error" in record:
                return record
        return None
