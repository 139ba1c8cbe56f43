"""What `import` does not read is told with the way from there: another command, another output of the same tool."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.imports.elsewhere import MATRIX, elsewhere
from cerberus_plan.calibration.programs.imports.readers import parse
from cerberus_plan.model.errors import InputError

OF_ANOTHER_COMMAND = [
    (",,,\n7.2,,,\n24.8,24.2,,\n25.8,24.7,7.4,\n", "calibrate --import"),
    ("0 1\n<topology><object type='Machine'/></topology>\n", "calibrate --import"),
    ("Architecture:            x86_64\nCPU(s):                  8\n", "calibrate --import"),
    ("n,value\n1,100\n2,190\n", "fit"),
    ('"","threads","ops_per_sec"\n"1",1,1010\n', "fit FILE --columns"),
    ("cores;ops\n1;1010,5\n", "fit FILE --columns"),
    ("instances,cores_per_instance,value\n1,8,100\n", "fit"),
    ("instances,cores_per_instance,value\n1,8,100\n2,4,180\n4,2,190\n", "is a table of measured splits"),
    ("n,value,error\n1,100,2\n2,190,3\n4,300,5\n", "is a curve already"),
    ('"tasks";"ops";"idle"\n1;410,5;75\n2;800,25;\n4;1500;0,1\n', "is a table with the columns tasks, ops, idle"),
    ("cpu,core 0,core 1,core 2\n0,,24.1,90\n1,24.2,,91\n2,90,91,\n", "calibrate --import"),
    ("Dear diary\n", "cerberus-plan fit.*calibrate --import"),
    ("Passed: 3 of 4\n  Success rate: 75%\n", "cerberus-plan fit.*calibrate --import"),
]
TOO_LITTLE = [
    ("# Samples: 1K of event 'cycles'\n 12.1%  prog  main\n", "perf stat -x"),
    ("name,iterations,real_time,cpu_time,time_unit\nBM,1,1,1,ns\n", "--benchmark_format=json"),
    ('{"Action":"output","Package":"x","Output":"BenchmarkPush-2 \\t 1000\\t 500 ns/op\\n"}\n', "without -json"),
    ("                Name   acquired  contended   avg wait\n\n  rcu_read_lock  25  0  0 ns\n", "lock contention"),
    ("Benchmark    (size)  Mode  Cnt  Score  Error  Units\nA.b   10  thrpt  5  1.0  0.1  ops/s\n", "-rf json"),
    ("command,mean,stddev,median,user,system,min,max,parameter_threads\n./a,4,0,4,3,0,3,4,1\n", "--export-json"),
    ('"Benchmark","Mode","Threads","Samples","Score"\n"B.m","thrpt",1,5,1000.5\n', "-rf json"),
    ('{"mean":{"point_estimate":105.0}}', "criterion"),
    ("Transaktionstyp: <builtin>\ntps = 970.123456 (ohne initiale Verbindungszeit)\n", "pgbench.*LC_ALL=C"),
    ("testcase:Anonymous memory page fault\nwarmup\nmin:1 max:1 total:1\n", "runtest.py"),
    ('{"params":{"p":2},"metric":"time","value":10.1}\n', "Extra-P's JSON"),
    ("Attaching 320 probes...\n@[tracepoint:syscalls:sys_enter_read]: 60\n", "bpftrace"),
    ("swapper;start;mutex_lock 1234\nprog;main;futex_wait 5678\n", "folded stacks"),
    ('\tCommand being timed: "./prog 4"\n\tUser time (seconds): 3.90\n', "perf stat"),
    ("PERFILE2h\n", "perf.data.*perf stat"),
    ("=====\n   Shared Data Cache Line Table   \n=====\n", "perf c2c.*perf lock contention"),
    (" Summary of events:\n\n prog (1), 10 events, 1.0%\n", "perf trace summary.*strace"),
    ("name  old time/op  new time/op  delta\nPush  1.0ms  2.0ms  +100%\n", "benchstat.*go test -bench"),
    ("0 199 2241 0 1175850568 995598\n0 200 2465 0 1175850568 998079\n", "log of transactions"),
]
RATES = [
    ("This is ApacheBench, Version 2.3\nRequests per second:    8103.73 [#/sec] (mean)\n", "ab.*tune --regex"),
    ("\nSummary:\n  Total:\t5.0023 secs\n  Slowest:\t0.0551 secs\n  Requests/sec:\t44541.2\n", "hey.*tune --regex"),
    ("Requests      [total, rate, throughput]         1000, 100.10, 100.08\n", "vegeta.*tune --regex"),
    ('{"metrics":{"http_reqs":{"values":{"rate":99.8}},"http_req_duration":{}}}', "k6.*tune --regex"),
    ("[OVERALL], RunTime(ms), 10110\n[OVERALL], Throughput(ops/sec), 98.9\n", "YCSB.*tune --regex"),
    ("Type,Name,Request Count,Failure Count,Requests/s\nGET,/,1000,0,99.8\n", "locust.*n,value"),
    ('{"fio version":"fio-3.33","jobs":[{"read":{"iops":1.0}}]}', "fio.*n,value"),
    ('{"start":{"version":"iperf 3.12"},"end":{}}', "iperf3.*n,value"),
    ("Summary:\n  Success rate:\t100.00%\n  Total:\t5.0 secs\n", "oha.*tune --regex"),
    ("STREAM version $Revision: 5.10 $\n", "STREAM.*tune --regex"),
    ("Running in process mode with 10 groups using 40 file descriptors each\n", "hackbench.*n,value"),
    ("stress-ng: info:  [1] dispatching hogs: 4 cpu\n", "stress-ng.*n,value"),
]


@pytest.mark.parametrize(("text", "what"), [*OF_ANOTHER_COMMAND, *TOO_LITTLE, *RATES])
def test_a_file_that_is_not_read_is_named_with_what_to_do(text: str, what: str) -> None:
    """Files of other commands, reports that say too little or in another language, load generators."""
    with pytest.raises(InputError, match=what) as told:
        parse(text, name="o.txt")
    assert str(told.value).startswith("o.txt ")


@given(
    st.lists(st.sampled_from(["cores", "ops", "latency", "idle", "cpu", "p99"]), min_size=3, max_size=6, unique=True),
    st.integers(1, 40),
    st.sampled_from(",;\t"),
)
def test_a_table_with_names_is_no_matrix(names: list[str], rows: int, mark: str) -> None:
    """However many rows of numbers stand under them; without the names they are one."""
    body = "".join(f"{mark.join(str(10 * row + column) for column in range(len(names)))}\n" for row in range(rows))
    told = elsewhere(f"{mark.join(names)}\n{body}")
    assert told is not None
    assert told.startswith("is a table with the columns")
    assert rows < 2 or (elsewhere(body) or "").startswith(MATRIX)


@pytest.mark.parametrize(("rate", "line"), [
    ("This is ApacheBench", "Requests per second:    8103.73 [#/sec] (mean)"),
    ("\nSummary:\n  Total:\t5 secs\n  Slowest:\t0.05 secs", "  Requests/sec:\t8103.73"),
    ("Summary:\n  Success rate:\t100.00%\n  Total:\t5 secs", "  Requests/sec:\t8103.73"),
    ("[OVERALL], RunTime(ms), 10110", "[OVERALL], Throughput(ops/sec), 8103.73"),
    ("Requests  [total, rate, throughput]   1000, 100.10, 100.08", "Requests [total, rate] 1000, 1.0, 8103.73"),
    ('{"http_req_duration":1}', "     http_reqs......................: 1000    8103.73/s"),
    ("STREAM version", "Triad:          8103.73     0.014600     0.014544     0.014700"),
])  # fmt: skip
def test_the_pattern_that_is_told_finds_the_rate(rate: str, line: str) -> None:
    """As ``tune --regex`` would."""
    told = str(elsewhere(f"{rate}\n{line}\n"))
    pattern = told.partition("--regex '")[2].partition("'")[0]
    found = re.search(pattern, line, re.MULTILINE)
    assert found is not None
    assert float(found[1]) == 8103.73
