"""What a user at a prompt gives and reads: arrays, data frames, paths, signatures, and messages in Python's words."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import needed

import cerberus_plan
from cerberus_plan import CannotAnswerError, Delay, InputError, Instance, Measurement, Queue, Slo, TicketLock, solve

SPLITS = "instances,cores_per_instance,value\n1,16,900\n4,4,1500\n16,1,1450\n"
RUNS = [
    Measurement(instances=m, cores_per_instance=k, value=value)
    for m, k, value in [(1, 16, 900.0), (4, 4, 1500.0), (16, 1, 1450.0)]
]


@given(threads=st.integers(1, 40), demand=st.integers(1, 1000), kind=st.sampled_from([np.int64, np.int32, np.uint16]))
@settings(max_examples=30, deadline=None)
def test_a_cell_of_an_array_is_a_number(threads: int, demand: int, kind: Any) -> None:
    """Numpy's integers are taken for what they are, in counts and in times, and change nothing."""
    plain = solve(instances=[Instance(threads=threads, stations=[Delay(demand)])], shared=[Queue(1)])
    found = solve(instances=[Instance(threads=kind(threads), stations=[Delay(kind(demand))])], shared=[Queue(kind(1))])
    assert found.throughput == plain.throughput


@pytest.mark.parametrize("threads", [True, np.True_, 2.5, "2", np.array([1, 2]), None])
def test_what_is_no_count_is_refused(threads: Any) -> None:
    """Truth values, texts and whole arrays are no number of threads."""
    with pytest.raises(InputError, match=r"threads = .* must be a whole number"):
        Instance(threads=threads, stations=[Delay(1.0)])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda vm: solve(instances=vm), "is not a list of instances; put it into brackets"),
        (lambda vm: solve(instances=[vm], shared=Queue(0.1)), "is not a list of stations; put it into brackets"),
        (lambda vm: solve(instances=[vm, 3]), "3 is not an Instance"),
        (lambda vm: cerberus_plan.simulate(instances=vm), "is not a list of instances"),
        (lambda vm: cerberus_plan.latency(instances=[vm, 3]), "3 is not an Instance"),
        (lambda _: cerberus_plan.frame(3), "3 has no data frame; give what plan, fit"),
        (lambda _: cerberus_plan.fit(["a"], [1.0]), "n = .'a'. must be numbers"),
        (lambda _: cerberus_plan.fit_splits([]), "must be a list of Measurement"),
        (lambda _: cerberus_plan.fit_splits(5), "must be a list of Measurement"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits=[3]), r"splits = \[3\] must be pairs of instances and cores"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits=[(1, 2, 3)]), "must be pairs"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits="2x8"), "splits = '2x8' must be pairs"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits=[]), r"splits = \[\] must be pairs"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits=[(1, 0)]), "splits = 0 must be a whole number from 1"),
        (lambda _: cerberus_plan.fit_splits(RUNS, splits=[(2, 8)], cores=4), "2 x 8 needs 16 cores, and cores = 4"),
        (lambda _: cerberus_plan.plan(3), "workload = 3 must be a name or the path of a file"),
        (lambda _: cerberus_plan.plan(None), "workload = None must be a name or the path of a file"),
        (lambda _: cerberus_plan.plan(""), "workload = '' must be a name or the path of a file"),
        (lambda _: cerberus_plan.plan("dbench", machine=48), "machine = 48 must be a name or the path of a file"),
        (lambda _: cerberus_plan.plan_fleet(3), "file = 3 must be a name or the path of a file"),
        (lambda _: cerberus_plan.profile(3), "path = 3 must be a name or the path of a file"),
        (lambda _: cerberus_plan.plan(Path("none.toml")), "none.toml: there is no such file"),
        (lambda _: cerberus_plan.plan("dbench", machine="amd48", max_vms=0), "^max_vms = 0 must"),
        (lambda _: cerberus_plan.plan("dbench", machine="amd48", host_cores=48), "^host_cores 48 leaves none"),
        (lambda _: cerberus_plan.Objective(rate="1000/s"), "rate = '1000/s' must be a positive number"),
        (lambda _: cerberus_plan.Objective(slos=["p99=10ms"]), r"slos = .* such as \[Slo.parse"),
        (lambda _: Slo(name="p99", seconds="10ms"), "p99 = '10ms' must be a positive time in seconds"),
    ],
)
def test_slips_are_told_in_the_words_of_python(call: Any, words: str) -> None:
    """An error names the argument that was typed, and no option of the command line."""
    needed("pandas")
    with pytest.raises(InputError, match=words) as refused:
        call(Instance(threads=1, stations=[Delay(1.0)]))
    assert "--" not in str(refused.value)


def test_what_cannot_be_answered_names_arguments_too() -> None:
    """`--system` is no argument of `plan`; `systems` is, and only bounds were renamed."""
    with pytest.raises(CannotAnswerError, match="or another systems") as refused:
        cerberus_plan.plan("dbench", machine="amd48", cores=8, systems=["linux"], min_instances=2)
    assert "--" not in str(refused.value)


def test_signatures_name_the_fields() -> None:
    """What ``help`` shows of a station is what it takes, by position or by name."""
    shown = inspect.signature(TicketLock).parameters
    assert list(shown) == ["hold", "handover", "name"]
    assert shown["hold"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert shown["handover"].kind is inspect.Parameter.KEYWORD_ONLY
    assert shown["name"].default == "ticket lock"
    assert set(inspect.signature(Slo).parameters) == {"name", "seconds"}


def test_every_public_name_says_what_it_is() -> None:
    """Nothing public without words, and no signature of ``*values, **given``."""
    for name in cerberus_plan.__all__:
        public = getattr(cerberus_plan, name)
        assert public.__doc__, name
        if not issubclass(public if isinstance(public, type) else int, Exception):
            assert "given" not in inspect.signature(public).parameters, name


def test_a_near_miss_is_told() -> None:
    """The attribute error carries what Python needs to say which name was meant."""
    with pytest.raises(AttributeError) as refused:
        cerberus_plan.sovle  # noqa: B018
    assert refused.value.name == "sovle"
    assert "solve" in dir(refused.value.obj)


def test_fit_takes_a_data_frame(tmp_path: Path) -> None:
    """A frame gives what its file gives, and one count may be asked for alone."""
    needed("pandas")
    import pandas as pd

    table = pd.DataFrame({"n": [1, 2, 4, 8], "value": [10.0, 19.5, 37.0, 64.0]})
    path = tmp_path / "curve.csv"
    table.to_csv(path, index=False)
    found = cerberus_plan.fit(table, predict=np.int64(16))
    assert found.predictions == cerberus_plan.fit(path, predict=[16]).predictions
    assert found.predictions == cerberus_plan.fit(table["n"], table["value"], predict=16).predictions
    with pytest.raises(InputError, match="data frame"):
        cerberus_plan.fit(table[["value"]])


def test_splits_from_python_are_those_of_the_command(tmp_path: Path) -> None:
    """File, data frame and measurements give one answer, whose frame has a row a split."""
    needed("pandas")
    import pandas as pd

    path = tmp_path / "splits.csv"
    path.write_text(SPLITS)
    found = cerberus_plan.fit_splits(path, cores=32)
    assert cerberus_plan.fit_splits(pd.read_csv(path), cores=np.int64(32)).splits == found.splits
    assert cerberus_plan.fit_splits(RUNS, cores=32).splits == found.splits
    assert cerberus_plan.frame(found)["value"].tolist() == [split.value for split in found.splits]
    assert [split.instances for split in cerberus_plan.fit_splits(RUNS, splits=[(2, 8), (8, 2)]).splits] == [2, 8]
    assert repr(found).endswith(f"best of 6: {found.best.instances} x {found.best.cores_per_instance}>")


def test_a_plan_takes_up_the_nouns_of_another() -> None:
    """Machine and workload of a plan may be asked again within other bounds."""
    first = cerberus_plan.plan("dbench", machine="amd48", cores=6)
    again = cerberus_plan.plan(first.workload, machine=first.machine, cores=np.int64(6))
    assert again.to_json() == first.to_json()


def test_reprs_fit_a_prompt() -> None:
    """A simulation of many instances prints in a few lines, and its stations are one frame away."""
    needed("pandas")
    vm = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
    found = cerberus_plan.simulate(instances=[vm] * 24, shared=[Queue(0.15)], completions=1000)
    assert len(repr(found)) < 250
    assert len(cerberus_plan.frame(found)) == 24 * 2 + 1


@pytest.mark.slow
def test_the_frame_of_a_plan_loads_no_compiler() -> None:
    """A data frame of candidates costs pandas, and not half a second of numba."""
    needed("pandas")
    asked = "c.plan('dbench', machine='amd48', cores=2)"
    program = f"import sys, cerberus_plan as c; c.frame({asked}); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "False"
