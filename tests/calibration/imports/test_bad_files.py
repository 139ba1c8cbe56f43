"""Bad files are refused with the file, the line, what was found and what is expected."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.demand import Demand, demands_from_json
from cerberus_plan.calibration.programs.imports.parameters import Asked
from cerberus_plan.calibration.programs.imports.readers import FORMATS, parse
from cerberus_plan.calibration.programs.imports.results import Curve, Point, axis_of
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

FIXTURES = Path(__file__).parent / "fixtures"
HEADER = "tasks,processes,processes_idle,threads,threads_idle,linear\n"
STRACE = (
    "% time     seconds  usecs/call     calls    errors syscall\n"
    "------ ----------- ----------- --------- --------- ----------------\n"
)
LOCK = "lock_stat version 0.4\n"

BAD = [
    ("will_it_scale", HEADER + "1,2,3\n", "line 2: found '1,2,3'; expected 6 numbers"),
    ("will_it_scale", HEADER + "1,fast,0,1,0,1\n", "line 2: found 'fast'; expected processes, a number"),
    ("will_it_scale", HEADER + "1,nan,0,1,0,1\n", "found 'nan'"),
    ("will_it_scale", HEADER + "1,-5,0,1,0,1\n", "found '-5'"),
    ("will_it_scale", HEADER + "1.5,5,0,1,0,1\n", "tasks, a whole number"),
    ("will_it_scale", HEADER + "0,0,100,0,100,0\n", "no rows with tasks above 0"),
    ("will_it_scale", HEADER + "1,0,100,0,100,0\n", "only zeros"),
    ("will_it_scale", "n,value\n1,2\n", "no header line"),
    ("sysbench", "sysbench\nNumber of threads: 4\n", "line 2: found a run with 4 threads and no results"),
    ("sysbench", "Number of threads: 4\nFATAL: unable to connect\n", "line 2: found 'FATAL: unable"),
    ("sysbench", "Number of threads: 4\n    events per second:  0.00\n", "and 0.0 events/s; expected work done"),
    ("sysbench", "Number of threads: four\n", "found 'four'; expected threads"),
    ("sysbench", "nothing\n", "no run"),
    ("pgbench", "number of clients: 2\n", "line 1: found a run of 2 clients without a rate"),
    ("pgbench", "number of clients: 2\ntps = inf (x)\n", "line 2: found 'inf'"),
    ("pgbench", "nothing\n", "no run"),
    ("hyperfine", '{"results": [', "line 1: found the end of the file; expected JSON"),
    ("hyperfine", '{"results": [],\n oops}', "line 2: found 'oops}'; expected JSON"),
    ("hyperfine", '{"results": []}', "at least one result"),
    ("hyperfine", '{"results": [], "results": []}', "the key 'results' is given twice"),
    ("hyperfine", '{"results": [{"command": "x", "mean": 1e31}]}', "mean = 1e\\+31; expected a positive number"),
    ("hyperfine", '{\n"results": {}}', "line 2: found results = {}; expected an array"),
    ("hyperfine", '{"results": [\n{"command": "x"}]}', 'line 2: found results.0. = .*; expected an object with "mean"'),
    ("hyperfine", '{"results": [{"command": "x", "mean": NaN}]}', "found NaN; expected JSON with finite numbers"),
    ("hyperfine", '{"results": [{"command": "x", "mean": -1}]}', "mean = -1; expected a positive number"),
    ("hyperfine", '{"results": [{"command": 7, "mean": 1}]}', "command = 7; expected a string"),
    ("hyperfine", '{"results": [{"command": "x", "mean": 1, "times": [1, true]}]}', r"times\[1\] = true"),
    ("hyperfine", '{"results": [{"command": "x", "mean": 1' + "0" * 400 + "}]}", "expected a positive number"),
    ("hyperfine", '{"results": [{"command": "x", "mean": 1, "exit_codes": [0, 1]}]}', r"exit_codes\[1\] = 1.*failed"),
    (
        "hyperfine",
        '{"results": [{"command": "x", "mean": 1, "parameters": {"cores": "many"}}]}',
        "the parameter cores to be a whole number",
    ),
    ("hyperfine", "[" * 100_000, "nested without end"),
    ("pytest_benchmark", '{"benchmarks": [{"name": "a", "params": null}]}', 'an object with "stats"'),
    ("pytest_benchmark", '{"benchmarks": [{"name": "a", "params": []}]}', "an object of parameters or null"),
    (
        "pytest_benchmark",
        '{"benchmarks": [{"name": "a", "params": {"n": 0}, "stats": {"median": 1}}]}',
        "n to be a whole number",
    ),
    (
        "pytest_benchmark",
        '{"benchmarks": [{"name": "a", "params": {"n": 1},\n "stats": {"median": 0}}]}',
        "line 2: .*median = 0; expected a positive number",
    ),
    ("extra_p", "PARAMETER p\nPONTS 1 2\n", "line 2: found 'PONTS'; expected PARAMETER or POINTS"),
    ("extra_p", "POINTS 1 2\n", "line 1: found POINTS; expected PARAMETER before it"),
    ("extra_p", "PARAMETER p\nPOINTS (1 2)\n", "a point of 2 coordinates; expected 1"),
    ("extra_p", "PARAMETER p\nPOINTS 1 2\nDATA 1\n", "1 DATA lines .*; expected 2, one for each"),
    ("extra_p", "PARAMETER p\nPOINTS 1\nDATA x\n", "line 3: found 'x'"),
    ("extra_p", "PARAMETER p\nPOINTS 1\nDATA\n", "DATA without numbers"),
    ("extra_p", "PARAMETER p\nPOINTS 1\nDATA 0\n", "line 3: found the value 0.0; expected positive"),
    ("extra_p", "PARAMETER p\nPOINTS 0.5\nDATA 1\n", "the point p = 0.5"),
    ("extra_p", "PARAMETER p\nPOINTS 1\n", "no DATA line"),
    ("extra_p", "PARAMETER p\nPOINTS 1\nDATA 1e-320\n", "positive values, not"),
    ("pgbench", f"number of clients: {'9' * 5000}\n", "line 1: found a number of more than 100 digits"),
    ("extra_p", "PARAMETER p\nPOINTS 1\nMETRIC visits\nDATA 1\n", "the metrics visits; expected a metric named like"),
    ("perf_stat_json", '{"counter-value" : "1"\n', "line 1: .*expected a JSON object"),
    ("perf_stat_json", '{"counter-value" : "1"}\n', 'expected a JSON object with "counter-value" and "event"'),
    ("perf_stat_json", '{"counter-value" : "many", "event" : "x"}\n', "found 'many'; expected a counter value"),
    ("perf_stat_json", '{"counter-value" : "<not counted>", "event" : "x"}\n', "1 event and none counted"),
    ("perf_stat_json", '{"counter-value" : "1", "event" : "x", "pcnt-running" : 100,00}\n', "LC_ALL=C"),
    ("perf_stat_json", '{"counter-value" : "1", "counter-value" : "2", "event" : "x"}\n', "expected a JSON object"),
    ("perf_stat_csv", "1,,faults,1,100.00,,\nhello, world, 7\n", "line 2: .*expected value,unit,event"),
    (
        "perf_stat_csv",
        "0,58,msec,task-clock,577428,100,00,0,361,CPUs utilized\n",
        "found decimal commas in .*; expected LC_ALL=C perf stat",
    ),
    ("perf_stat_csv", "<not supported>,,cycles,0,100.00,,\n", "1 event and none counted"),
    ("perf_lock_contention", "nothing\n", "no header"),
    ("perf_lock_contention", " contended   total wait   type   caller\n", "no contended lock"),
    (
        "perf_lock_contention",
        " contended   total wait   type   caller\n  x   1.0 us   mutex   f\n",
        "line 2: found 'x'",
    ),
    ("perf_lock_contention", " contended   total wait   type   caller\n  1   1.0 xs   mutex   f\n", "found '1.0 xs'"),
    ("perf_lock_contention", " contended   total wait   type   caller\n  1   1.0 us\n", "the columns contended"),
    ("perf_lock_contention", "# output: contended, max wait\n1, 2\n", "expected contended and total wait among"),
    ("klockstat", "nothing\n", "no header"),
    ("klockstat", "Caller  Avg Hold  Count  Max hold Total hold\n", "no rows"),
    (
        "klockstat",
        "Caller  Avg Hold  Count  Max hold Total hold\nf 1 x 3 4\n",
        "line 2: found 'f 1 x 3 4'; expected a caller",
    ),
    ("klockstat", "Caller  Avg Hold  Count  Max hold Total hold\nf 1 2 3 4.4.4\n", "line 2: found '4.4.4'"),
    ("lock_stat", "lock_stat version 0.2\n", "line 1: found version 0.2; expected lock_stat version 0.4 or 0.3"),
    ("lock_stat", LOCK + "a: 1 2 3 4\n", "line 2: .*expected name: and the 12 numbers"),
    ("lock_stat", LOCK + "hello\n", "line 2: found 'hello'"),
    ("lock_stat", LOCK + "a: " + "1..2 " * 12 + "\n", "found '1..2'"),
    ("lock_stat", LOCK, "is counting on"),
    ("strace_summary", "hello\n", "no table"),
    ("strace_summary", STRACE + "1.00 0.1 5 7 read\n", "no total row"),
    ("strace_summary", STRACE + "1.00 0.1 read\n", "line 3: .*expected the columns %time"),
    ("strace_summary", STRACE + "1.00 0.1 5 x read\n", "line 3: found 'x'; expected calls"),
    ("strace_summary", STRACE + "1.00 0.1 5 7 read\n------ -----\n100.00 0.1 5 9 total\n", "with 7 calls; are rows"),
]


@pytest.mark.parametrize(("form", "text", "message"), BAD, ids=[f"{form}-{i}" for i, (form, _, _) in enumerate(BAD)])
def test_a_bad_file_is_refused(form: str, text: str, message: str) -> None:
    """The message names the file and the trouble."""
    with pytest.raises(InputError, match=message) as raised:
        parse(text, name="bad.txt", form=form)
    assert str(raised.value).startswith("bad.txt")


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(path: Path, data: st.DataObject) -> None:
    """Cutting a file anywhere, or changing any character, never ends in anything but an answer or a refusal."""
    text = path.read_text()
    at = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.sampled_from(["", "x", "-", "9" * 30, "\n", ",", " ", '"', "{", "nan", "½", "²"]))
    keep = data.draw(st.booleans())
    damaged = text[:at] + damage + (text[at + 1 :] if keep else "")
    for form in (None, *FORMATS):
        try:
            parse(damaged, name="f", form=form)
        except InputError as error:
            assert str(error).strip()  # noqa: PT017 (either outcome is fine; the message must not be empty)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty", b"", "is empty"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0", "a null byte"),
        ("other", b"Dear diary\n", "none of the known formats .*will_it_scale.*--format"),
    ],
)
def test_files_that_are_no_measurements(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Empty, binary and foreign files each have their sentence."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        parse(read_text(tmp_path / name), name=name)


def test_unknown_formats_and_misplaced_parameters() -> None:
    """A wrong --format lists the right ones; --parameter belongs to scans."""
    with pytest.raises(InputError, match="unknown format 'csv'; use one of demand, pytest_benchmark"):
        parse("x", name="f", form="csv")
    with pytest.raises(InputError, match="has no parameters; leave out --parameter n"):
        parse("number of clients: 1\ntps = 1 (x)\n", name="f", form="pgbench", asked=Asked(parameter="n"))


def test_the_parameter_that_counts_cores_must_be_clear() -> None:
    """With two candidates or none, the user is asked which; a wrong one is refused."""
    text = (FIXTURES / "extra_p_two.txt").read_text()
    doubtful = text.replace("PARAMETER p\n", "PARAMETER alpha\n")
    with pytest.raises(InputError, match="the parameters alpha, size; expected one that counts cores"):
        parse(doubtful, name="f")
    with pytest.raises(InputError, match="the parameter cores asked for"):
        parse(text, name="f", asked=Asked(parameter="cores"))
    assert [c.axis for c in parse(doubtful, name="f", asked=Asked(parameter="alpha"))[1].curves] == ["alpha", "alpha"]


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("--threads", "threads"),
        ("n_cores", "cores"),
        ("NUM_WORKERS", "processes"),
        ("clients", "clients"),
        ("size", None),
    ],
)
def test_names_of_parameters(name: str, axis: str | None) -> None:
    """People's names for the number of cores are known; others are not guessed."""
    assert axis_of(name) == axis


def test_values_are_checked_where_they_enter() -> None:
    """Curves, demands and demand files refuse numbers that cannot be."""
    with pytest.raises(InputError, match="has no points"):
        Curve(series="s", axis="cores", unit="1/s", points=())
    with pytest.raises(InputError, match="positive values"):
        Curve(series="s", axis="cores", unit="1/s", points=(Point(n=0, values=(1.0,)),))
    with pytest.raises(InputError, match="user_s must be a number of at least 0, not -1"):
        Demand(user_s=-1.0)
    with pytest.raises(InputError, match="cycles must be"):
        Demand(counters={"cycles": float("nan")})
    with pytest.raises(InputError, match="units of work must be a positive number"):
        Demand(work=0.0)
    with pytest.raises(InputError, match="units of work must be a positive number, not 0"):
        Demand().per(0.0, "run")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "f, line 1: not JSON"),
        ("[]", "is not a demand file"),
        ('{"format": "cerberus-plan demand", "version": 9, "demands": []}', "has version 9; this program reads"),
        ('{"format": "cerberus-plan demand", "version": 1}', "field 'demands' is missing"),
        (
            '{"format": "cerberus-plan demand", "version": 1, "demands": [{}]}',
            "field 'system_calls' is missing",
        ),
        ('{"format": "cerberus-plan demand", "version": 1, "demands": [7]}', r"demands\[0\] = 7 must be a table"),
    ],
)
def test_bad_demand_files(text: str, message: str) -> None:
    """Broken, foreign, later and incomplete demand files are refused."""
    with pytest.raises(InputError, match=message):
        demands_from_json(text, "f")
