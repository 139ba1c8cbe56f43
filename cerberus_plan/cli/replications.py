"""Independent runs side by side: on this machine's cores or on a Dask cluster, through one interface.

Both give a ``concurrent.futures`` executor; the rest of the code does not know which.
When not to use it: for one short run; starting a process costs more.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from cerberus_plan.model.errors import CannotAnswerError, InputError

if TYPE_CHECKING:
    from cerberus_plan.model.simulation import Simulation

# Seconds to wait for a scheduler before giving up.
_PATIENCE_S = 10
_PR_SET_PDEATHSIG = 1


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0))


@contextmanager
def executor(scheduler: str | None, runs: int) -> Iterator[Executor]:
    """Where runs go: a process for each usable core, or the cluster of a Dask scheduler's address.

    Raises:
        InputError: A scheduler is asked for, but Dask is not installed.
        CannotAnswerError: No scheduler answers at the address, or its machines cannot run this program.
    """
    if scheduler is not None:
        with _cluster(scheduler) as pool:
            yield pool
        return
    # spawn: a fork would copy the progress bar's thread in the middle of its work
    with (
        _safe_path(),
        ProcessPoolExecutor(
            max_workers=min(runs, usable_cores()),
            mp_context=get_context("spawn"),
            initializer=_end_with,
            initargs=(os.getpid(),),
        ) as pool,
    ):
        yield pool


def _end_with(parent: int) -> None:
    """In a worker: end when the command does, however it ends; nobody would take the results any more."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before this was asked for


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep the working folder off the import path of processes started meanwhile, as ``-P`` does."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler needs Dask: pip install 'cerberus-plan[cluster]'") from None
    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        raise CannotAnswerError(f"no Dask scheduler answers at {address!r}: {error}") from None
    with client, client.get_executor(pure=False) as pool:
        _wait_for_workers(client, address)
        try:
            yield pool
        except RuntimeError as error:
            raise CannotAnswerError(
                f"the cluster at {address!r} cannot run this; install the same cerberus-plan on its scheduler and "
                f"workers ({str(error).splitlines()[0]})"
            ) from None


def _wait_for_workers(client: Any, address: str) -> None:
    """A scheduler without workers would keep everything waiting for ever."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_S)
    except TimeoutError:
        raise CannotAnswerError(
            f"the Dask scheduler at {address!r} has no workers; start one: dask worker {address}"
        ) from None


def replicate(
    run: Callable[..., Simulation], runs: int, pool: Executor, report: Callable[[int, int], None]
) -> list[Simulation]:
    """Run the streams 0..runs - 1 and give their results in that order, whoever is done first."""
    futures = {pool.submit(run, stream=stream): stream for stream in range(runs)}
    found: dict[int, Simulation] = {}
    for future in as_completed(futures):
        found[futures[future]] = future.result()
        report(len(found), runs)
    return [found[stream] for stream in range(runs)]
