"""Output of tools that is not read: what it is, and what to do instead.

Three kinds: what says too little of a machine, what says too little of a program, and load generators and benchmarks
whose report is one number of interest. For those the number's pattern is told: with it `cerberus-plan tune` runs the
tool itself, or one writes a table of its runs by hand.
Assumption: the beginning of a file tells; nothing here is read, so a wrong guess costs a sentence.
Source: the output of each tool, as its documentation shows it.
"""

from __future__ import annotations

import re

_TOPOLOGY = "give `lstopo --of xml` or `lscpu -e` of that machine"

# what output that says too little looks like -> what would say enough
_MACHINES = {
    r"(?m)^available: \d+ nodes?\b|^node \d+ cpus:|^physcpubind:": (
        f"is the output of numactl, which does not tell what CPUs share a core or a cache: {_TOPOLOGY}"
    ),
    r"(?m)^processor\s*:\s*\d+\s*$": f"is /proc/cpuinfo, which does not tell what CPUs share a cache: {_TOPOLOGY}",
    r"(?m)^\s*(?:Package|Core|PU|NUMANode) (?:L#\d+ )?\(?[LP]#\d+|\bPU L#\d+": (
        "is lstopo's drawing in letters: repeat with lstopo --of xml"
    ),
    r"\A(?:<\?xml[^>]*>\s*)?<svg\b": "is a drawing: repeat with lstopo --of xml",
    r"(?m)^Hardware Thread Topology|^HWThread\s+Thread\s+Core": (
        f"is the output of likwid-topology, which is not read: {_TOPOLOGY}"
    ),
    r"\A(?:<\?xml[^>]*>\s*)?<(?:capabilities|domainCapabilities|sysinfo)\b": (
        f"is what virsh tells of a host, which says nothing of its caches: {_TOPOLOGY}"
    ),
    r"Memory Latency Checker": f"is the output of Intel MLC, which measures nodes and not cores: {_TOPOLOGY}",
}
_MEASURES = {
    r"(?m)^name,iterations,real_time,cpu_time|^Benchmark +Time +CPU +Iterations": (
        "is output of Google Benchmark that lacks the threads: repeat with --benchmark_format=json"
    ),
    r"(?m)^Benchmark\s.*\bMode\s.*\bScore\b.*\bUnits": (
        "is JMH's table, which lacks the threads: repeat with -rf json -rff FILE"
    ),
    r'(?m)^\{.*"Action":"output".*"Output":"Benchmark': "is output of go test -json: repeat without -json",
    r"(?m)^ *Name +acquired +contended": ("is a perf lock report, of traced events: repeat with perf lock contention"),
    r"\APERFILE2": "is perf.data: cerberus-plan reads what perf stat, or perf lock contention, prints",
    r"(?m)^# Samples: .* of event": (
        "is a perf report, which has shares and no counts: repeat with perf stat -x, -o FILE"
    ),
    r"Global Shared Cache Line Event Information|Shared Data Cache Line Table": (
        "is a perf c2c report, which tells lines and no times: repeat with perf lock contention, or perf stat -x,"
    ),
    r"(?m)^ Summary of events:|^ +syscall +calls +(?:errors +)?total +min +avg": (
        "is a perf trace summary: repeat with strace -f -c -o FILE"
    ),
    r"(?m)^Attaching \d+ probes?\.\.\.": (
        "is output of bpftrace, whose maps mean what its script says: use klockstat, or perf lock contention"
    ),
    r"(?m)^[^\s;]+(?:;[^;\n]+)+ \d+$": (
        "is folded stacks, which have samples and no times: repeat with perf stat -x, -o FILE"
    ),
    r"(?m)^\| *Command *\| *Mean|^ *Time \(mean ± σ\):|^command,mean,stddev,median,user,system,min,max": (
        "is hyperfine without its single runs: repeat with --export-json FILE"
    ),
    r'(?m)^"?Benchmark"?,"?Mode"?,"?Threads"?,': (
        "is JMH's CSV, which lacks the single runs: repeat with -rf json -rff FILE"
    ),
    r"(?m)^ +│ .*│\n +│ +sec/op|^name +old time/op": (
        "is benchstat's comparison: give the output of go test -bench itself"
    ),
    r'"point_estimate"|(?m:^.* time: +\[[\d.]+ [mnµu]?s )': (
        "is output of criterion, which does not tell threads: write n,value of each size for cerberus-plan fit"
    ),
    r"(?m)^tps = [\d.]+ \(": "is pgbench in another language: repeat with LC_ALL=C",
    r"(?m)^\d+ \d+ \d+ \d+ 1\d{9} \d{1,6}$": "is pgbench's log of transactions: give what pgbench prints at its end",
    r"(?m)^testcase:.*\nwarmup$": "is one run of will-it-scale: give the CSV that its runtest.py writes",
    r'"metric" *: *"[^"]*", *"value"|"measurements" *: *\{': (
        "looks like Extra-P's JSON: only its text format is read (PARAMETER, POINTS, REGION, METRIC, DATA)"
    ),
    r"Command being timed:|(?m:^real\s+\d+m[\d.]+s$)": (
        "is the output of time: repeat with perf stat -x, -o FILE -- COMMAND, or let cerberus-plan observe run it"
    ),
}
# what a report looks like -> its tool, and the pattern of its rate for --regex, empty where its unit changes
_RATES = {
    r"This is ApacheBench": ("ab", r"Requests per second: +([0-9.]+)"),
    r"(?m)^Summary:\n +Total:\s.*\n +Slowest:": ("hey", r"Requests/sec:\s+([0-9.]+)"),
    r'"requestsPerSec"|(?m:^Summary:\n +Success rate:)': ("oha", r"Requests/sec:\s+([0-9.]+)"),
    r'^Requests +\[total, rate|"latencies" *: *\{"total"': ("vegeta", r"Requests .*, ([0-9.]+)"),
    r'"http_req_duration"|(?m:^ +http_reqs\.*:)': ("k6", r"http_reqs\.*: \d+ +([0-9.]+)/s"),
    r"^Type,Name,Request Count|(?m:^ *Type +Name +# reqs)": ("locust", ""),
    r'"fio version"|(?m:^fio-\d)': ("fio", ""),
    r'"version" *: *"iperf|(?m:^\[ ID\] Interval)': ("iperf3", ""),
    r"^\[OVERALL\], RunTime": ("YCSB", r"Throughput\(ops/sec\), ([0-9.]+)"),
    r"STREAM version": ("STREAM", r"Triad: +([0-9.]+)"),
    r"(?m)^Running in (?:process|thread)\w* mode with \d+ groups": ("hackbench", ""),
    r"stress-ng: (?:info|metrc):": ("stress-ng", ""),
}


def other_tool(head: str) -> str | None:
    """What the beginning of a file shows it to be, to go behind its name; None where it is nothing known."""
    too_little = _MACHINES | _MEASURES
    if (saying := next((saying for shape, saying in too_little.items() if re.search(shape, head)), None)) is not None:
        return saying
    found = next((tool for shape, tool in _RATES.items() if re.search(shape, head)), None)
    if found is None:
        return None
    name, rate = found
    run_it = f", or let `cerberus-plan tune --regex '{rate}' -- COMMAND` run it" if rate else ""
    return f"is output of {name}, which is not read: write a row n,value of each run for `cerberus-plan fit`{run_it}"
