"""Do our streams and chases reach what C reaches? python benchmarks/memory.py [--processes N] [--rounds N] [--write].

Runs ``memory_stream`` and ``memory_latency`` beside STREAM's loops and a chase along Sattolo's cycle, compiled by the
host's gcc as STREAM is meant to be, each on memory of its own, in the same random order. Prints bandwidth and latency
of both and their ratio, then the quantities that plans use. Goals: bandwidth within 15 %, latency within 20 %.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sections import replace_section

from cerberus_plan.calibration.campaign.host_profile import Effort, measure_host
from cerberus_plan.calibration.host.identity import this_host
from cerberus_plan.calibration.primitives.memory_stream import LINE_BYTES

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
NAMES = ("memory_stream", "memory_latency")
#: What plans take from them.
QUANTITIES = (
    "memory_bandwidth", "memory_bandwidth_node", "memory_bandwidth_l3", "memory_bandwidth_core", "l3_bytes",
    "l3_latency", "memory_latency", "memory_miss",
)  # fmt: skip


def is_kept(compared: dict[str, Any]) -> bool:
    """Whether a promise holds."""
    return abs(compared["numba_s"] / compared["c_s"] - 1.0) <= compared["promise"]


def row(compared: dict[str, Any]) -> str:
    """One case: bandwidth of a stream, time of a load of a chase; between two levels nothing is promised."""
    kind, name = compared["case"].split(".", 1)
    ours_s, c_s = compared["numba_s"], compared["c_s"]
    kept = "between levels" if compared["promise"] is None else "yes" if is_kept(compared) else "NO"
    if kind == "memory_stream":
        told = [f"{LINE_BYTES / seconds / 1e9:.2f} GB/s" for seconds in (ours_s, c_s)]
    else:
        name, told = f"load from {int(name) / 2**10:,.0f} KiB", [f"{seconds * 1e9:.2f} ns" for seconds in (ours_s, c_s)]
    return f"| {name} | {told[0]} | {told[1]} | {ours_s / c_s:.3f} | {kept} |"


def main() -> None:
    """Measure, compare, and print or write the section."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--processes", type=int, default=3)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--fifo", action="store_true", help="real-time scheduling, as for calibrate")
    options.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    asked = options.parse_args()
    effort = Effort(processes=asked.processes, rounds=asked.rounds, quick=True)
    profile = measure_host(effort=effort, only=NAMES, compare_c=True, fifo=asked.fifo)
    rows = profile.run["compare_c"]
    judged = [c for c in rows if c["promise"] is not None]
    kept = [is_kept(c) for c in judged]
    host = this_host()
    kernel, verdict = host.kernel.partition("-")[0], profile.run["verdict"].partition(":")[0]
    lines = [
        f"{host.processor}, {host.cpus} CPUs, {kernel}; {verdict}.",
        "",
        "| what | ours | C | ours / C, time | kept |",
        "|---|---:|---:|---:|---|",
        *(row(c) for c in rows),
        "",
        f"{sum(kept)} of {len(kept)} within what is promised. Plans use:",
        "",
        "| quantity | value | 90 % |",
        "|---|---:|---|",
    ]
    known = [(name, profile.quantities[name]) for name in QUANTITIES if name in profile.quantities]
    lines += [f"| `{name}` | {q.value:.4g} {q.unit} | {q.low:.4g} to {q.high:.4g} |" for name, q in known]
    print("\n".join(lines))
    if asked.write:
        replace_section(PAGE, page="Benchmarks", heading="Streams and chases beside C", body="\n".join(lines))


if __name__ == "__main__":
    main()
