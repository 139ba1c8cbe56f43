"""Every reader, damaged thousands of times: no traceback, no answer above 10 s or 1 GB, every refusal names its file.

    python benchmarks/fuzz.py --mutations 10000 [--seed 1] [--only NAME] [--jobs N] [--keep FOLDER] [--write]

Each case is the whole command in a child of its own, forked from a process that has imported everything, so that time
and memory are the case's. A case is told by its seed: the same seed damages the same file in the same way.
What is judged: exit code, standard error, the JSON answered, files left behind, processor time, memory.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sections import replace_section  # noqa: E402

from cerberus_plan.__main__ import main as program  # noqa: E402
from tests.fuzz.judging import faults, leftovers  # noqa: E402
from tests.fuzz.mutations import mutated  # noqa: E402
from tests.fuzz.targets import Target, targets  # noqa: E402

MOST_SECONDS, MOST_BYTES = 10.0, 10**9
_PATIENCE_S = 60.0  # of the clock: another program may have the processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one case ended.

    Attributes:
        code: Exit code, negative for a signal.
        stdout: What it answered.
        stderr: What it said.
        seconds: Processor time.
        rss: Memory at its most, what was imported included [B].
    """

    code: int
    stdout: str
    stderr: str
    seconds: float
    rss: int


def run(target: Target, folder: Path, outputs: Path) -> Outcome:
    """The command of a target on its folder, in a child."""
    pid = os.fork()
    if pid == 0:
        _child(target.arguments(folder), outputs)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
    while True:
        try:
            _, status, used = os.wait4(pid, 0)
            break
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    stdout, stderr = ((outputs / name).read_text(errors="replace") for name in ("out", "err"))
    return Outcome(
        code=os.waitstatus_to_exitcode(status),
        stdout=stdout,
        stderr=stderr,
        seconds=used.ru_utime + used.ru_stime,
        rss=used.ru_maxrss * 1024,
    )


def _child(arguments: list[str], outputs: Path) -> None:
    """Become the command; never returns."""
    code = 99
    try:
        os.setsid()
        # a runaway ends itself before it takes the machine
        resource.setrlimit(resource.RLIMIT_DATA, (4 * MOST_BYTES, 4 * MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (int(3 * MOST_SECONDS), int(3 * MOST_SECONDS) + 1))
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(outputs / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
        sys.argv = ["cerberus-plan", *arguments]
        program()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - what escapes the program is the finding
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def judged(target: Target, outcome: Outcome, folder: Path) -> list[str]:
    """All that is wrong with an outcome."""
    found = faults(target, outcome.code, outcome.stdout, outcome.stderr) + leftovers(target, folder)
    if outcome.seconds > MOST_SECONDS:
        found.append(f"{outcome.seconds:.0f} s of processor time")
    if outcome.rss > MOST_BYTES:
        found.append(f"{outcome.rss / 1e9:.1f} GB of memory")
    return found


def cases(mutations: int, seed: int, only: str) -> Iterator[tuple[Target, int]]:
    """Targets in turn, each with the seed of a case."""
    chosen = [each for each in targets() if only in each.name]
    for number in range(mutations):
        yield chosen[number % len(chosen)], seed * 1_000_003 + number


def warm_up(only: str) -> list[str]:
    """Every target undamaged, in this process: imports and compiled loops are inherited. What is wrong already."""
    wrong = []
    with TemporaryDirectory() as name:
        for number, target in enumerate(each for each in targets() if only in each.name):
            folder, outputs = Path(name) / f"f{number}", Path(name) / f"o{number}"
            folder.mkdir()
            outputs.mkdir()
            target.write(folder)
            stdout, stderr = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                code = _answer(target.arguments(folder))
            if code not in target.answers:
                wrong.append(f"{target.name}: exit code {code}: {stderr.getvalue()[:300]}")
    return wrong


def _answer(arguments: list[str]) -> object:
    sys.argv = ["cerberus-plan", *arguments]
    try:
        program()
    except SystemExit as error:
        return error.code or 0
    return 0


def _late(*_: object) -> None:
    raise TimeoutError


@dataclass(slots=True)
class Tally:
    """What came out: faults, exit codes, the most time and memory and of which target, processor time of all."""

    wrong: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0

    def add(self, target: Target, outcome: Outcome, *, wrong: bool) -> None:
        """Count a case."""
        self.wrong += wrong
        self.codes[str(outcome.code)] += 1
        self.slowest = max(self.slowest, (outcome.seconds, target.name))
        self.largest = max(self.largest, (outcome.rss, target.name))
        self.seconds += outcome.seconds

    def written(self) -> str:
        """The tally as JSON."""
        return json.dumps([self.wrong, self.codes, self.slowest, self.largest, self.seconds])

    @classmethod
    def read(cls, text: str) -> Tally:
        """The tally that another process wrote."""
        wrong, codes, slowest, largest, seconds = json.loads(text)
        return cls(wrong, Counter(codes), tuple(slowest), tuple(largest), seconds)

    def merge(self, other: Tally) -> None:
        """Count the cases of another process."""
        self.wrong += other.wrong
        self.codes += other.codes
        self.slowest, self.largest = max(self.slowest, other.slowest), max(self.largest, other.largest)
        self.seconds += other.seconds


def in_parts(given: argparse.Namespace) -> Tally:
    """All cases, shared by as many processes as were asked for."""
    with TemporaryDirectory() as name:
        results = [Path(name) / str(part) for part in range(1, given.jobs)]
        workers = []
        for part, result in enumerate(results, start=1):
            pid = os.fork()
            if pid == 0:
                _worker(given, part, result)
            workers.append(pid)
        tally = run_part(given, 0)
        for pid, result in zip(workers, results, strict=True):
            if os.waitpid(pid, 0)[1]:
                sys.exit("a process that ran cases died")
            tally.merge(Tally.read(result.read_text()))
    return tally


def _worker(given: argparse.Namespace, part: int, result: Path) -> NoReturn:
    """Run the cases of a part and leave its tally; whatever happens, the clean-up above the fork is the parent's."""
    code = 1
    try:
        result.write_text(run_part(given, part).written())
        code = 0
    except BaseException:  # noqa: BLE001 - told here, for nobody above may see it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_part(given: argparse.Namespace, part: int) -> Tally:
    """The cases of one process; what is wrong is printed at once."""
    tally = Tally()
    with TemporaryDirectory() as name:
        for target, seed in islice(cases(given.mutations, given.seed, given.only), part, None, given.jobs):
            with TemporaryDirectory(dir=name) as folder_name:
                folder = Path(folder_name)
                damaged = mutated(target.text, target.kind, Random(seed))  # noqa: S311 - damage, not a secret
                target.write(folder, damaged)
                outcome = run(target, folder, Path(name))
                found = judged(target, outcome, folder)
                tally.add(target, outcome, wrong=bool(found))
                if found:
                    last = outcome.stderr.strip().splitlines()[-1:] or [""]
                    print(f"{target.name}, seed {seed}: {'; '.join(found)} | {last[0][:300]}", flush=True)
                    if given.keep:
                        given.keep.mkdir(parents=True, exist_ok=True)
                        (given.keep / f"{seed}-{target.file}").write_bytes(damaged)
    return tally


def main() -> None:
    """Run the cases, print what is wrong with each and what all cost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mutations", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="targets whose name holds this")
    options.add_argument("--jobs", type=int, default=1, help="processes that share the cases")
    options.add_argument("--keep", type=Path, help="folder for the files that something is wrong with")
    options.add_argument("--write", action="store_true", help="write the result to docs/benchmarks.md")
    given = options.parse_args()
    if not any(given.only in each.name for each in targets()):
        options.error(f"--only {given.only}: no target is called so; there are {', '.join(t.name for t in targets())}")
    signal.signal(signal.SIGALRM, _late)
    if wrong := warm_up(given.only):
        sys.exit("undamaged files are refused:\n" + "\n".join(wrong))
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    tally = in_parts(given)
    count = len({target.name for target in targets() if given.only in target.name})
    body = (
        f"{given.mutations:,} structured mutations of {count} valid documents, one a command, seed {given.seed}:\n"
        f"**{tally.wrong} faults** (traceback, exit code, message without the file or beyond its bound, JSON with\n"
        f"NaN, file left, more than {MOST_SECONDS:.0f} s or {MOST_BYTES / 1e9:.0f} GB). "
        f"Answered {tally.codes['0'] + tally.codes['3']:,}, refused {tally.codes['1'] + tally.codes['2']:,}.\n"
        f"Slowest {tally.slowest[0]:.1f} s ({tally.slowest[1]}), "
        f"largest {tally.largest[0] / 1e6:.0f} MB ({tally.largest[1]}); "
        f"{tally.seconds:,.0f} s of processor time, {time.perf_counter() - started:,.0f} s in all.\n"
        f"Made by `python benchmarks/fuzz.py --mutations {given.mutations} --seed {given.seed} --write`."
    )
    print(body)
    if given.write:
        replace_section(ROOT / "docs" / "benchmarks.md", page="Benchmarks", heading="Fuzzing", body=body)
    sys.exit(bool(tally.wrong))


if __name__ == "__main__":
    main()
