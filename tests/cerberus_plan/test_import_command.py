"""`cerberus-plan import` through the real command line: what it prints, writes and refuses."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cerberus_plan.calibration.programs.demand import demands_from_json
from cerberus_plan.calibration.store.catalog import workload

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "calibration" / "imports" / "fixtures"


def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    command = [sys.executable, "-m", "cerberus_plan", "import", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input=given, check=False, timeout=60)


@pytest.mark.slow
def test_a_curve_is_printed_and_written(tmp_path: Path) -> None:
    """The table shows what was found; the file is what `fit` reads."""
    done = run(str(FIXTURES / "will_it_scale.csv"), "--series", "processes", "--output", str(tmp_path / "curve.csv"))
    assert done.returncode == 0, done.stderr
    assert "curve processes: operations/s against processes" in done.stdout
    assert (tmp_path / "curve.csv").read_text() == "n,value\n1,500000.0\n2,960000.0\n4,1800000.0\n4,1790000.0\n"


@pytest.mark.slow
def test_the_next_command_can_be_pasted(tmp_path: Path) -> None:
    """A name with a blank is one word of it."""
    output = tmp_path / "a curve.csv"
    done = run(str(FIXTURES / "will_it_scale.csv"), "--series", "processes", "--output", str(output))
    assert f"next: cerberus-plan fit {shlex.quote(str(output))}" in done.stdout, done.stderr


@pytest.mark.slow
def test_a_demand_is_divided_by_the_work(tmp_path: Path) -> None:
    """--work and --unit make totals into a demand per unit, in JSON and in the file."""
    done = run(
        *(str(FIXTURES / "perf_stat.csv"), "--work", "100", "--unit", "request"),
        *("--output", str(tmp_path / "demand.json"), "--json"),
    )
    document = json.loads(done.stdout)
    assert (document["formats"], document["demands"][0]["page_faults"]) == (["perf_stat_csv"], 93.71)
    (demand,) = demands_from_json((tmp_path / "demand.json").read_text(), "f")
    assert (demand.unit, demand.cpu_s) == ("request", 0.025)


@pytest.mark.slow
def test_a_workload_can_be_planned_with(tmp_path: Path) -> None:
    """A demand with times becomes a workload file, from the fewest cores."""
    done = run(str(FIXTURES / "hyperfine.json"), "--output", str(tmp_path / "sort.toml"))
    assert done.returncode == 0, done.stderr
    made = workload(str(tmp_path / "sort.toml"))
    assert (made.name, made.operations["compute"].value) == ("sort", 3.8)


@pytest.mark.slow
def test_files_of_the_same_work_make_one_workload(tmp_path: Path) -> None:
    """Times from perf and calls from strace become one demand, and our own demand file can be read again."""
    demand, made = tmp_path / "demand.json", tmp_path / "prog.toml"
    done = run(
        str(FIXTURES / "perf_stat.csv"), str(FIXTURES / "strace.txt"), "--unit", "request", "--output", str(demand)
    )
    assert done.returncode == 0, done.stderr
    assert "perf stat -x,, strace -c" in done.stdout
    done = run(str(demand), "--work", "10", "--output", str(made))
    assert done.returncode == 0, done.stderr
    operations = workload(str(made)).operations
    assert (operations["compute"].value, operations["page_faults"].value) == (0.25, 937.1)


@pytest.mark.slow
def test_standard_input_is_a_file_too() -> None:
    """A dash reads what another command prints."""
    done = run("-", "--json", given=(FIXTURES / "pgbench.txt").read_text())
    assert json.loads(done.stdout)["curves"][0]["axis"] == "clients"


@pytest.mark.slow
def test_locks_show_what_they_allow_at_most() -> None:
    """The tightest lock bounds what one OS instance can do."""
    done = run(str(FIXTURES / "lock_stat.txt"), "--work", "1000000", "--unit", "request")
    assert "the kernel lock &mm->mmap_lock (write) allows at most 5.73e+04 requests/s in one OS instance" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([str(FIXTURES / "no-such-file")], 2, "there is no such file"),
        ([str(FIXTURES)], 2, "is a folder"),
        ([sys.executable], 2, "binary file"),
        ([str(FIXTURES / "pgbench.txt"), "--format", "csv"], 2, "unknown format 'csv'; use one of"),
        ([str(FIXTURES / "pgbench.txt"), "--format", "sysbench"], 2, "no run"),
        ([str(FIXTURES / "pgbench.txt"), "--series", "x"], 2, "TPC-B (sort of)>', and not the series 'x'"),
        ([str(FIXTURES / "pgbench_old.txt"), "--series", "x"], 2, "has 'tps', 'tps with reconnections', and not the"),
        ([str(FIXTURES / "strace.txt"), "--work", "0"], 2, "units of work must be a positive number"),
        ([str(FIXTURES / "strace.txt"), "--output", "/tmp/x.csv"], 2, "holds no curve; write its demand to a .json"),
        ([str(FIXTURES / "pgbench.txt"), "--output", "/tmp/x.json"], 2, "holds no demand; write its curve"),
        ([str(FIXTURES / "pgbench.txt"), "--output", "/tmp/x.txt"], 2, "end it in .csv (curve), .json (demand)"),
        ([str(FIXTURES / "will_it_scale.csv"), "--output", "/tmp/x.csv"], 2, "('processes', 'threads'); choose one"),
        ([str(FIXTURES / "strace.txt"), "--output", "/tmp/x.toml"], 1, "no processor time, which a workload needs"),
    ],
)
def test_trouble_is_told_with_its_exit_code(words: list[str], code: int, message: str) -> None:
    """Nothing is printed on standard output, and the reason on standard error."""
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_load_generators_latency_is_recorded_and_planned_with(tmp_path: Path) -> None:
    """From wrk's report to a plan that follows it."""
    app = tmp_path / "app.toml"
    operations = '[operations]\ncompute = { value = 0.4, unit = "ms" }\n'
    app.write_text(f'format = 1\nname = "app"\nunit = "requests/s"\nunits_per_cycle = 1.0\n\n{operations}')
    done = run(str(FIXTURES / "wrk.txt"), "--record", str(app), "--split", "1x2")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"added 1 response time to {app}")
    (one,) = workload(str(app)).latencies
    assert (one.split, one.concurrency, one.mean) == ((1, 2), 64, pytest.approx(1.91e-3))
    words = [sys.executable, "-m", "cerberus_plan", "--workload", str(app), "--machine", "amd48", "--cores", "4"]
    planned = subprocess.run(
        [*words, "--rate", "500/s", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(planned.stdout)["plans"][0]["latency_evidence"]["checks"][0]["latency_concurrency"] == 64
    bare = subprocess.run([*words, "--json"], cwd=ROOT, capture_output=True, text=True, check=True)
    (found,) = json.loads(bare.stdout)["plans"]
    assert "latency_evidence" not in found
    assert any("count with --rate" in said for said in found["warnings"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--split", "1x2"], "--split belongs to --record"),
        (["--record", "{app}"], "give --split"),
        (["--record", "{app}", "--split", "1x2,2x1"], "must be one split"),
        (["--record", "{app}", "--split", "1x2", "--output", "a.csv"], "leave out --output"),
        (["--record", "{app}", "--split", "1x2"], "app.toml"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_one_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    """Nothing is written."""
    app = tmp_path / "app.toml"
    done = run(str(FIXTURES / "wrk.txt"), *(word.format(app=app) for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert not app.exists()


@pytest.mark.slow
def test_what_was_counted_is_printed_to_the_last_one(tmp_path: Path) -> None:
    """2,112 misses are not 2,110."""
    (tmp_path / "p.csv").write_text("2112,,branch-misses,42100000,100.00,,\n60,,faults,42100000,100.00,,\n")
    done = run(str(tmp_path / "p.csv"))
    assert re.search(r"branch-misses +│ +2,112 │", done.stdout), done.stderr
    assert re.search(r"page faults +│ +60 │", done.stdout)
