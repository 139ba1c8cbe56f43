"""Every command, killed at random moments: nothing is left and no old file is damaged.

    python benchmarks/kills.py [--trials 60] [--seed 1] [--only NAME] [--write]

Half of the trials send SIGTERM, half SIGKILL, each at a moment drawn evenly from the command's usual time or from its
last fifth, when files are written. Afterwards, once guards had their time: no process that the command started (told by
a mark in its environment), no cgroup of ours, no temporary file, and each file that the command was to replace is the
old or the new one, whole. After SIGKILL alone files may be left that the next run removes; it is run then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sections import replace_section

ROOT = Path(__file__).resolve().parents[1]
MARK = "CERBERUS_KILL_TRIAL"
_SETTLE_S = 15.0
_PROGRAM = 'sleep 300 & sleep 0.2; echo "ops/s: 5"; kill $!; wait'
_SERVER = "trap : TERM; sleep 300 & wait; kill $!"
_RUN = ("--", "sh", "-c", f"{_PROGRAM} # {{cores}}")
_AMD48 = ("--machine", "amd48")

COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": (*_AMD48, "--json"),
    "plan --report": (*_AMD48, "--workload", "dbench", "--report", "old.html"),
    "explain": ("explain", *_AMD48, "--workload", "dbench", "--json"),
    "simulate": ("simulate", *_AMD48, "--workload", "dbench", "--completions", "40000000", "--json"),
    "reproduce": ("reproduce", "--json"),
    "fit": ("fit", "curve.csv", "--output", "old.toml"),
    "import": ("import", "perf_stat.txt", "--output", "old.json"),
    "machines make": (
        "machines", "make", "other", "--like", "amd48", "--sockets", "2", "--cores-per-l3", "4",
        "--output", "made.json",
    ),
    "export": ("export", *_AMD48, "--workload", "dbench", "--format", "libvirt", "--output", "deployed", "--force"),
    "audit": ("audit", "audited"),
    "calibrate": ("calibrate", "--quick", "--only", "syscall", "--output", "host.json"),
    "observe": ("observe", "--no-probe", "--cores", "1,2", "--repeats", "2", "--regex", "ops/s: ([0-9]+)",
                "--output", "seen", *_RUN),
    "observe --server": ("observe", "--cores", "1", "--repeats", "2", "--no-splits", "--regex", "ops/s: ([0-9]+)",
                         "--output", "served", "--server", f"sh -c 'sleep 300 & {_SERVER}'",
                         "--load", "sh -c 'sleep 300 & sleep 0.2; echo ops/s: 5'"),
    "observe --memory": ("observe", "--no-probe", "--cores", "1", "--repeats", "1", "--no-splits", "--memory",
                         "--regex", "ops/s: ([0-9]+)", "--output", "moved", *_RUN),
    "verify": ("verify", "--cores", "2", "--rounds", "3", "--regex", "ops/s: ([0-9]+)", "--record", "rows.toml", *_RUN),
    "tune": ("tune", "--cores", "2", "--regex", "ops/s: ([0-9]+)", "--record", "tuned.toml", *_RUN),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Folders of a trial: where the command works, and what it takes for home and temporary files."""

    root: Path

    @property
    def work(self) -> Path:
        """The working folder."""
        return self.root / "work"

    def environment(self, mark: str) -> dict[str, str]:
        """Home, temporary files and caches inside, and the mark that children inherit."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTHONSAFE"))},
            "HOME": str(self.root / "home"), "TMPDIR": str(self.root / "tmp"), MARK: mark,
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(Path.home() / ".cache" / "cerberus-plan")),
        }  # fmt: skip

    def prepare(self) -> None:
        """The inputs of all commands."""
        for folder in ("work", "home", "tmp"):
            (self.root / folder).mkdir()
        (self.work / "curve.csv").write_text("n,value\n1,100\n2,190\n4,340\n8,500\n16,560\n")
        fixture = ROOT / "tests" / "calibration" / "imports" / "fixtures" / "perf_stat.txt"
        (self.work / "perf_stat.txt").write_text(fixture.read_text())
        export = [word if word != "deployed" else "audited" for word in COMMANDS["export"]]
        subprocess.run([*_PREFIX, *export], cwd=self.work, env=self.environment("x"), check=True, capture_output=True)

    def files(self) -> set[str]:
        """Everything in it, the user's caches left out."""
        found = {str(each.relative_to(self.root)) for each in self.root.rglob("*")}
        return {name for name in found if not name.startswith("home/")}


_PREFIX = (sys.executable, "-P", "-m", "cerberus_plan")


def start(place: Place, name: str, mark: str) -> subprocess.Popen[bytes]:
    """The command, in a session of its own, silent."""
    return subprocess.Popen(
        [*_PREFIX, *COMMANDS[name]], cwd=place.work, env=place.environment(mark), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def usual_seconds(place: Place, name: str) -> float:
    """How long the command takes undisturbed, which also makes what later runs replace."""
    started = time.monotonic()
    code = start(place, name, "usual").wait(300)
    if code not in (0, 4):
        raise SystemExit(f"{name} ends with {code} undisturbed")
    return time.monotonic() - started


def strays(mark: str) -> list[str]:
    """Command lines of processes that carry the mark."""
    key, found = f"{MARK}={mark}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if key in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:80])
        except OSError:
            continue
    return found


def cgroups() -> set[str]:
    """Control groups of ours."""
    return {str(each) for each in Path("/sys/fs/cgroup").glob("**/cerberus*") if each.is_dir()}


def damaged(place: Place) -> Iterator[str]:
    """Files of the working folder that are neither the old nor a whole new one."""
    for file in (each for each in place.work.rglob("*") if each.is_file() and not each.name.startswith(".")):
        text = file.read_text()
        try:
            if file.suffix == ".json":
                json.loads(text)
            elif file.suffix == ".toml":
                tomllib.loads(text)
            elif not text.endswith("\n") and file.suffix != ".html":
                raise ValueError("no end of line")  # noqa: TRY301
            elif file.suffix == ".html" and not text.rstrip().endswith("</html>"):
                raise ValueError("no end of the page")  # noqa: TRY301
        except ValueError as error:
            yield f"{file.name}: {error}"


def trial(place: Place, name: str, number: signal.Signals, moment: float) -> list[str]:
    """Kill one run; what is wrong afterwards."""
    mark, before, groups = uuid4().hex, place.files(), cgroups()
    process = start(place, name, mark)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.wait(60)
    deadline = time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline and (strays(mark) or cgroups() - groups or _temporary(place, before)):
        time.sleep(0.25)
    if number is signal.SIGKILL and _temporary(place, before):
        start(place, name, mark).wait(300)
    found = [f"a process left: {each}" for each in strays(mark)]
    found += [f"a cgroup left: {each}" for each in cgroups() - groups]
    found += [f"a file left: {each}" for each in _temporary(place, before)]
    return found + [f"damaged: {each}" for each in damaged(place)]


def _temporary(place: Place, before: set[str]) -> list[str]:
    """What was not there before and is no result: hidden, or in the folder of temporary files."""
    new = place.files() - before
    return sorted(name for name in new if name.startswith("tmp/") or "/." in name)


def main() -> None:
    """Run the trials, print what is wrong, and count."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trials", type=int, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="commands whose name holds this")
    options.add_argument("--write", action="store_true", help="write the result to docs/benchmarks.md")
    given = options.parse_args()
    chance = random.Random(given.seed)  # noqa: S311 - moments, not secrets
    names = [name for name in COMMANDS if given.only in name]
    wrong: list[str] = []
    with TemporaryDirectory(prefix="kills-") as folder:
        place = Place(root=Path(folder))
        place.prepare()
        usual = {name: usual_seconds(place, name) for name in names}
        for count in range(given.trials):
            name = names[count % len(names)]
            number = (signal.SIGTERM, signal.SIGKILL)[count // len(names) % 2]
            # every second one near the end, when files are written
            moment = chance.uniform(0.0 if count % 2 else 0.8 * usual[name], usual[name])
            found = trial(place, name, number, moment)
            wrong += [f"{name}, {number.name} after {moment:.2f} s of {usual[name]:.2f} s: {each}" for each in found]
            print("\n".join(wrong[-len(found) :]) if found else f"{name} {number.name} {moment:.2f} s", flush=True)
    body = (
        f"{given.trials} runs of {len(names)} commands, ended by SIGTERM or SIGKILL at moments drawn from their usual\n"
        f"time, every second from its last fifth, seed {given.seed}: **{len(wrong)} leavings** (processes, cgroups,\n"
        "temporary files, damaged files).\n"
        f"Made by `python benchmarks/kills.py --trials {given.trials} --seed {given.seed} --write`."
    )
    print(body)
    if given.write:
        replace_section(ROOT / "docs" / "benchmarks.md", page="Benchmarks", heading="Kills", body=body)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
