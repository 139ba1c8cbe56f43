"""Start of the main command against the imports it cannot do without: `python benchmarks/cold_start.py`.

    command  python -m cerberus_plan --cores 48 --machine amd48   (all shipped workloads, table on stdout)
    imports  python -c "import numpy, typer, rich.table"

Whole processes, in pairs, in random order; files are in the page cache, modules compiled as an installation leaves
them (in a folder of their own, whatever the environment says). The aim is a ratio of at most 1.2.
Options: --rounds R (default 20), --cpu (processor time, for a machine that others use), --markdown FILE.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from pairs import children_cpu, host, interleaved, ratio
from sections import replace_section, table

COMMAND = [sys.executable, "-m", "cerberus_plan", "--cores", "48", "--machine", "amd48"]
HELP = [sys.executable, "-m", "cerberus_plan", "--help"]
IMPORTS = [sys.executable, "-c", "import numpy, typer, rich.table"]


def run(arguments: list[str], environment: Mapping[str, str]) -> None:
    """Run to the end; a failure is an error, for its time would mean nothing."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(arguments[1:])} ended with {done.returncode}: {done.stderr.strip()}")


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--markdown", type=Path, help="page whose section to replace, docs/benchmarks.md")
    parser.add_argument("--cpu", action="store_true", help="processor time in place of elapsed time")
    options = parser.parse_args()
    runs = {"plan 48 cores": COMMAND, "help": HELP, "imports": IMPORTS}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    clock = children_cpu if options.cpu else time.perf_counter
    with tempfile.TemporaryDirectory() as compiled:
        environment["PYTHONPYCACHEPREFIX"] = compiled
        times = interleaved(
            {name: lambda a=a: run(a, environment) for name, a in runs.items()}, rounds=options.rounds, clock=clock
        )
    rows = []
    for name in runs:
        middle, low, high = ratio(times[name], times["imports"])
        rows.append([name, f"{min(times[name]):.3f} s", f"{middle:.2f} [{low:.2f}, {high:.2f}]"])
    text = table(["process", "least time", "over imports"], rows)
    print(text)
    if options.markdown:
        note = (
            f"{'Processor time of whole' if options.cpu else 'Whole'} processes, paired: "
            "`cerberus-plan --cores 48 --machine amd48` (all shipped workloads), its "
            '`--help`, and `python -c "import numpy, typer, rich.table"`; median paired ratio with its 90 % interval. '
            "Modules are compiled, as an installation leaves them. "
            f"Made by `python benchmarks/cold_start.py{' --cpu' if options.cpu else ''}` on {host()}."
        )
        replace_section(options.markdown, page="Benchmarks", heading="Cold start", body=f"{note}\n\n{text}")


if __name__ == "__main__":
    main()
