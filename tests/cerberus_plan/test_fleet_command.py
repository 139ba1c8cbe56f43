"""`cerberus-plan fleet`, as it is typed: the answer, the page, why there is none, and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import html

FLEET = """
format = 1
name = "shop"
currency = "EUR"
[[machine]]
name = "small"
machine = "intel16"
count = 6
price = 10
[[machine]]
name = "large"
machine = "amd48"
cores = 24
count = 2
price = 30
[[workload]]
name = "pages"
workload = "apache"
rate = 100_000
survive = 1
[[workload]]
workload = "dbench"
rate = 2000
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "cerberus_plan", "fleet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def a_file(folder: Path, text: str = FLEET) -> str:
    file = folder / "fleet.toml"
    file.write_text(text)
    return str(file)


def keeps(document: dict[str, Any]) -> None:
    """What every answer holds: rates, machines, cores, loads."""
    used = dict.fromkeys((row["name"] for row in document["machines"]), 0.0)
    cores = {row["name"]: row["cores"] for row in document["machines"]}
    for row in document["assignments"]:
        used[row["machine"]] += row["machines"] / row["parts"]
        assert row["parts"] * row["cores"] <= cores[row["machine"]]
        assert sum(row["split"]) == row["cores"]
        assert row["load"] <= row["carried"] * (1 + 1e-9)
        assert row["carried"] <= document["utilisation"] * row["counted_on"] * (1 + 1e-9)
    for row in document["machines"]:
        assert used[row["name"]] <= row["used"] + 1e-9 <= row["count"] + 1e-9
    assert document["cost"] == pytest.approx(sum(row["used"] * row["price"] for row in document["machines"]))
    for row in document["workloads"]:
        own = [each for each in document["assignments"] if each["workload"] == row["name"]]
        assert sum(each["machines"] * each["load"] for each in own) == pytest.approx(row["rate"])
        carried = sorted(each["carried"] for each in own for _ in range(each["machines"]))
        assert sum(carried[: len(carried) - row["survive"]]) == pytest.approx(row["rate"] * (1 + row["headroom"]))
        assert row["headroom"] >= -1e-9
        assert 0.0 <= row["risk"] <= document["risk"]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The document of the example and its page."""
    folder = tmp_path_factory.mktemp("fleet")
    page = folder / "fleet.html"
    done = run(a_file(folder), "--json", "--report", str(page))
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"report: {page}\n"
    return json.loads(done.stdout), page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_answer_keeps_every_rate_on_the_machines_there_are(answered: tuple[dict[str, Any], str]) -> None:
    """At the least cost, which is proven."""
    document, _ = answered
    assert document["feasible"]
    assert document["proven"]
    assert document["bound"] == pytest.approx(document["cost"])
    keeps(document)


def test_the_page_embeds_what_json_prints(answered: tuple[dict[str, Any], str]) -> None:
    """One run with both options."""
    document, text = answered
    tree = html.fromstring(text)
    assert json.loads(tree.get_element_by_id("document").text) == document
    rows = [[cell.text for cell in row] for row in tree.get_element_by_id("where").iterfind(".//tbody/tr")]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (each["workload"], str(each["machines"]), each["machine"]) for each in document["assignments"]
    ]


@pytest.mark.slow
def test_the_terminal_tells_cost_machines_and_risk(answered: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    """The same answer in words."""
    done = run(a_file(tmp_path))
    document, _ = answered
    words = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert f"for {document['cost']:,.0f} EUR" in words
    assert "This is the least cost there is." in words
    for row in document["assignments"]:
        assert row["workload"] in words


@pytest.mark.slow
def test_sharing_headroom_and_limits_keep_the_rates(tmp_path: Path) -> None:
    """Halves of machines cost no more; the most headroom is no less; a limit of the response time costs no less."""
    texts = {
        "plain": FLEET,
        "parts": FLEET.replace("format = 1", "format = 1\nparts = 2"),
        "headroom": FLEET.replace("format = 1", 'format = 1\nobjective = "headroom"'),
        "limit": FLEET.replace("survive = 1", 'survive = 1\nslo = "p99=3ms"'),
    }
    found = {}
    for name, text in texts.items():
        done = run(a_file(tmp_path, text), "--json")
        assert done.returncode == 0, done.stderr
        found[name] = json.loads(done.stdout)
        keeps(found[name])

    def least(name: str) -> float:
        return min(row["headroom"] for row in found[name]["workloads"])

    assert found["parts"]["cost"] <= found["plain"]["cost"]
    assert found["headroom"]["cost"] >= found["plain"]["cost"]
    assert least("headroom") >= least("plain") - 1e-9
    assert found["limit"]["cost"] >= found["plain"]["cost"]
    for row in found["limit"]["assignments"]:
        if row["workload"] == "pages":
            assert row["latency"]["p99"] <= 0.003


@pytest.mark.slow
def test_what_is_said_to_be_enough_is_enough(tmp_path: Path) -> None:
    """Exit 1, what is missing of which rate; with any of the purchases it fits, with one machine less it does not."""
    text = FLEET.replace("rate = 100_000", "rate = 700_000")
    page = tmp_path / "fleet.html"
    done = run(a_file(tmp_path, text), "--json", "--report", str(page))
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert not document["feasible"]
    shortage = document["shortage"]
    assert 0.0 < shortage["level"] < 1.0
    assert [row["name"] for row in shortage["lacking"]] == ["pages"]
    assert "What is missing" in page.read_text(encoding="utf-8")
    assert shortage["purchases"]
    counts = {"small": 6, "large": 2}
    for purchase in shortage["purchases"]:
        more = counts | {row["machine"]: counts[row["machine"]] + row["count"] for row in purchase["machines"]}
        assert _exit(tmp_path, text, more) == 0
        if len(purchase["machines"]) == 1:
            (row,) = purchase["machines"]
            assert _exit(tmp_path, text, more | {row["machine"]: more[row["machine"]] - 1}) == 1


def _exit(folder: Path, text: str, counts: dict[str, int]) -> int:
    """How the command ends with other counts."""
    changed = text.replace("count = 6", f"count = {counts['small']}").replace("count = 2", f"count = {counts['large']}")
    return run(a_file(folder, changed)).returncode


@pytest.mark.slow
def test_a_budget_that_is_too_small_is_told(tmp_path: Path) -> None:
    """By how much, and what it would keep."""
    done = run(a_file(tmp_path, FLEET.replace("format = 1", "format = 1\nbudget = 20")))
    assert done.returncode == 1
    assert "EUR short of the least cost that keeps every rate" in " ".join(done.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FLEET.replace("rate = 2000", "rate = -2"), "workload[1]: rate = -2 must be a positive number"),
        (FLEET.replace("apache", "apach"), "did you mean 'apache'?"),
        ("", "is empty"),
        ("\0", "null byte"),
    ],
)
def test_bad_files_are_one_line_and_exit_2(tmp_path: Path, text: str, said: str) -> None:
    """No traceback, nothing on stdout, no page."""
    page = tmp_path / "page.html"
    done = run(a_file(tmp_path, text), "--report", str(page))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not page.exists()


@pytest.mark.slow
def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Its name, and exit 2."""
    done = run(str(tmp_path / "absent.toml"))
    assert done.returncode == 2
    assert "there is no such file" in done.stderr
