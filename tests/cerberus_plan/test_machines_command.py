"""`cerberus-plan machines` and `machines make`, end to end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from latency_machines import machine as latencies

from cerberus_plan import model

SHIPPED = Path(model.__file__).parent / "data" / "machines"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command in a folder and home of its own."""
    monkeypatch.setenv("CERBERUS_PLAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def command(*words):
        return subprocess.run(
            [sys.executable, "-P", "-m", "cerberus_plan", *words], check=False, capture_output=True, text=True
        )

    return command


@pytest.mark.slow
def test_the_list_is_a_table_and_a_document(run):
    """Without a subcommand all machines are listed; --json counts cores, sockets, nodes and caches."""
    assert "epyc-9654-2s" in run("machines").stdout
    rows = {row["name"]: row for row in json.loads(run("machines", "--json").stdout)["machines"]}
    big = rows["epyc-9654-2s"]
    assert (big["cores"], big["physical_cores"], big["sockets"], big["numa_nodes"]) == (384, 192, 2, 2)
    assert rows["amd48"]["deployable"] is False


@pytest.mark.slow
def test_a_made_machine_is_planned_exported_and_audited(run, tmp_path):
    """Costs of one machine, shape of another: by name from anywhere, until the deployed files are checked."""
    made = run(
        "machines", "make", "big", "--like", "graviton3", "--sockets", "2", "--cores-per-l3", "8", "--memory", "64"
    )
    assert made.returncode == 0, made.stderr
    assert "carried over and assumed" in made.stderr
    plan = json.loads(run("--machine", "big", "--workload", "histogram", "--json").stdout)
    assert plan["machine"]["cores"] == 16
    assert {candidate["system"] for candidate in plan["plans"][0]["candidates"]} >= {"linux", "processes", "kvm"}
    split = ("--cores", "16", "--vms", "2", "--cores-per-vm", "8", "--format", "libvirt", "--output", "vms")
    exported = run("export", "--machine", "big", "--workload", "histogram", *split)
    assert exported.returncode == 0, exported.stderr
    assert run("audit", "vms").returncode == 0


@pytest.mark.slow
def test_the_shape_may_come_from_a_file(run, tmp_path):
    """lscpu -e of a host one cannot calibrate on, its node numbers kept."""
    rows = "".join(f"{cpu} {8 * (cpu // 4)} {cpu // 4} {cpu} {cpu}:{cpu}:{cpu}:{cpu // 4}\n" for cpu in range(8))
    (tmp_path / "l.txt").write_text("CPU NODE SOCKET CORE L1d:L1i:L2:L3\n" + rows)
    made = run("machines", "make", "p", "--like", "amd48", "--topology", "l.txt", "--output", "p.json")
    assert made.returncode == 0, made.stderr
    assert json.loads((tmp_path / "p.json").read_text())["topology"]["numa_nodes"] == [0] * 4 + [8] * 4


@pytest.mark.slow
def test_distances_of_a_calibrated_machine_are_carried_over(run, tmp_path):
    """Its matrix tells siblings and caches; what it has no pair of stays unknown."""
    found = latencies(caches=2, cores=4)
    values = np.nan_to_num(found.latency.seconds) / 2e-9
    rows = [",".join("" if j >= i else f"{values[i, j]:.3f}" for j in range(16)) for i in range(16)]
    (tmp_path / "m.csv").write_text("\n".join(rows) + "\n")
    assert run("calibrate", "--import", "m.csv", "--output", "mine.json").returncode == 0
    shape = ("--sockets", "2", "--cores-per-l3", "8")
    made = run("machines", "make", "big", "--like", "mine.json", *shape, "--output", "b.json")
    assert made.returncode == 0, made.stderr
    told = json.loads((tmp_path / "b.json").read_text())["quantities"]
    assert told["round_trip_same_l3"]["value"] == pytest.approx(50e-9, rel=0.05)
    assert told["round_trip_same_node"]["value"] == pytest.approx(210e-9, rel=0.05)
    assert told["round_trip_same_l3"]["provenance"] == "assumed"
    assert "round_trip_other_socket" not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("x", "--like", "amd48"), "nothing says what shape"),
        (("x", "--like", "nobody", "--sockets", "1", "--cores-per-l3", "2"), "unknown machine 'nobody'"),
        (("x", "--like", "amd48", "--sockets", "2"), "--cores-per-l3 is missing"),
        (("amd48", "--like", "amd48", "--sockets", "2", "--cores-per-l3", "2"), "machine of the catalog"),
        (("x", "--like", "amd48", "--cores-per-l3", "99999"), "at most 65536"),
        (("x", "--like", "amd48", "--topology", "t.txt", "--sockets", "1"), "leave out --sockets"),
        (("x", "--like", "amd48", "--topology", "none.txt"), "there is no such file"),
        (("../x", "--like", "amd48", "--cores-per-l3", "2"), "cannot name a machine"),
    ],
)
def test_what_cannot_be_made_is_refused(run, tmp_path, words, message):
    """Exit code 2, one sentence, nothing written."""
    done = run("machines", "make", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.slow
def test_a_broken_profile_hides_no_other_machine(run, tmp_path):
    """It is named with what is wrong; the rest is listed."""
    folder = tmp_path / "home" / "profiles"
    folder.mkdir(parents=True)
    (folder / "cut.json").write_text('{"format": ')
    done = run("machines", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert "amd48" in {row["name"] for row in document["machines"]}
    assert list(document["broken"]) == [str(folder / "cut.json")]
    assert "cut.json" in done.stderr
    assert "amd48" in run("machines").stdout


@pytest.mark.slow
def test_a_machine_on_which_nothing_takes_time_is_doubted(run, tmp_path):
    """All costs of zero are an unfilled template: the plan is made and the doubt is told; one cost ends it."""
    text = (SHIPPED / "amd48.toml").read_text()
    empty = re.sub(r'\{ value = [0-9.e-]+, (?:unit = "(?:us|ms|ns|s)")[^}]*\}', '{ value = 0, unit = "us" }', text)
    (tmp_path / "m.toml").write_text(empty)
    done = run("--machine", "m.toml", "--cores", "4", "--workload", "histogram")
    assert done.returncode == 0, done.stderr
    assert "no time of amd48 is above zero" in done.stderr
    (tmp_path / "m.toml").write_text(empty.replace("value = 0,", "value = 1,", 1))
    assert "above zero" not in run("--machine", "m.toml", "--cores", "4", "--workload", "histogram").stderr
