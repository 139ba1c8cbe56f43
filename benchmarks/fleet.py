"""A large fleet, as a whole process: `python benchmarks/fleet.py`.

    machines   8 kinds of the catalog, 25 of each, at a price a core that differs by up to a third
    workloads  variations of the shipped programs that run for ever: their times times 0.5 to 2
    rates      what about six mid-sized machines carry, each times 0.3 to 1.7

Every answer is checked: rates, counts and losses are summed again from the document. Time is that of the command, its
processes on all cores of this host; processor time is of all of them together.
Options: --machines M (of each kind, 25), --workloads W (20), --seconds S (for the integer program, 20), --only NAME,
--markdown FILE.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pairs import host
from sections import replace_section, table

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.choices import constraints_for, systems_for
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.splits.choose import plan

KINDS = (
    "ryzen-5900x", "threadripper-3960x", "xeon-e5-2695v4-2s", "graviton3", "kunpeng-920-1s", "epyc-7742-1s",
    "xeon-8360y-2s", "epyc-9654-1s",
)  # fmt: skip
PROGRAMS = ("apache", "memcached", "dbench")
MIDDLE = "xeon-e5-2695v4-2s"
FLEETS = {
    "least cost": ("", ""),
    "surviving one machine": ("", "survive = 1\n"),
    "surviving one, machines halved": ("parts = 2\n", "survive = 1\n"),
    "most headroom, surviving one": ('objective = "headroom"\n', "survive = 1\n"),
}


def variations(count: int) -> list[Workload]:
    """Programs like the shipped ones."""
    chance = random.Random(1)  # noqa: S311 - variety, not a secret
    found = []
    for n in range(count):
        program = catalog.workload(PROGRAMS[n % len(PROGRAMS)])
        operations = {
            name: replace(q, value=q.value * f, low=q.low and q.low * f, high=q.high and q.high * f)
            for name, q in program.operations.items()
            for f in [chance.uniform(0.5, 2.0)]
        }
        found.append(replace(program, name=f"{program.name}-{n}", operations=operations))
    return found


def write(folder: Path, machines: int, workloads: int) -> str:
    """The workloads' files, and the text of the fleet; two places are left for what a fleet wants besides."""
    chance = random.Random(2)  # noqa: S311 - variety, not a secret
    lines = ["format = 1\nTOP"]
    for kind in KINDS:
        cores = catalog.machine(kind).topology.n_cpus
        price = round(cores * chance.uniform(3.0, 4.0))
        lines.append(f'[[machine]]\nmachine = "{kind}"\ncount = {machines}\nprice = {price}\n')
    middle = catalog.machine(MIDDLE)
    systems = systems_for(middle, None)
    constraints = constraints_for(middle, cores=None, host_cores=0, max_vms=None)
    for workload in variations(workloads):
        (folder / f"{workload.name}.toml").write_text(to_toml(workload), encoding="utf-8")
        carried = 0.8 * plan(middle, workload, systems, constraints).best.low
        rate = 6 * carried * chance.uniform(0.3, 1.7)
        lines.append(f'[[workload]]\nworkload = "{workload.name}.toml"\nrate = {rate:.6g}\nEACH')
    return "\n".join(lines)


def check(document: dict[str, Any]) -> None:
    """Stop where an answer breaks a rate, a count or a loss."""
    for row in document["workloads"]:
        own = [one for one in document["assignments"] if one["workload"] == row["name"]]
        carried = sorted(one["carried"] for one in own for _ in range(one["machines"]))
        kept = sum(carried[: len(carried) - row["survive"]])
        if kept < row["rate"] * (1.0 - 1e-9):
            sys.exit(f"{row['name']} carries {kept} of {row['rate']}")
    for row in document["machines"]:
        taken = sum(one["machines"] / one["parts"] for one in document["assignments"] if one["machine"] == row["name"])
        if not taken - 1e-9 <= row["used"] <= row["count"]:
            sys.exit(f"{row['name']}: {taken} machines hold workloads, {row['used']} of {row['count']} are used")


def run(file: Path, seconds: float) -> tuple[dict[str, Any], float, float]:
    """The document, its time, and the processor time of all processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-m", "cerberus_plan", "fleet", str(file), "--json", "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command[1:])} ended with {done.returncode}: {done.stdout[-500:]} {done.stderr.strip()}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), taken, spent


def gap(document: dict[str, Any]) -> str:
    """How far from the best the answer may be."""
    if document["proven"]:
        return "0 %"
    if document["objective"] == "cost":
        return f"{1.0 - document['bound'] / document['cost']:.1%}".replace("%", " %")
    level = 1.0 + min(row["headroom"] for row in document["workloads"])
    return f"{1.0 - level / (1.0 + document['bound']):.1%}".replace("%", " %")


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machines", type=int, default=25)
    parser.add_argument("--workloads", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=FLEETS)
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = write(folder, options.machines, options.workloads)
        for title, (top, each) in FLEETS.items():
            if options.only not in {None, title}:
                continue
            file = folder / "fleet.toml"
            file.write_text(text.replace("TOP", top).replace("EACH", each), encoding="utf-8")
            document, taken, spent = run(file, options.seconds)
            check(document)
            used = sum(row["used"] for row in document["machines"])
            rows.append([
                title, str(document["evaluated"]), f"{taken:.1f} s", f"{spent:.1f} s", str(used), gap(document),
            ])  # fmt: skip
            print(f"{title}: {taken:.1f} s", file=sys.stderr)
    told = table(["fleet", "plans", "time", "processor time", "machines used", "from the best, at most"], rows)
    print(told)
    if options.markdown:
        note = (
            f"{options.machines * len(KINDS)} machines of {len(KINDS)} kinds and {options.workloads} workloads, whole "
            f"processes; every answer is checked. The integer program may take {options.seconds:g} s. Made by `python "
            f"benchmarks/fleet.py` on {host()}."
        )
        replace_section(options.markdown, page="Benchmarks", heading="A fleet", body=f"{note}\n\n{told}")


if __name__ == "__main__":
    main()
