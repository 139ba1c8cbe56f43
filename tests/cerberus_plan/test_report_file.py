"""``--report`` writes the page of what was printed, or refuses before it computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cerberus_plan", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_a_plans_page_embeds_what_json_prints(tmp_path: Path) -> None:
    """One run with both options: the page holds the document and the command that made it."""
    page = tmp_path / "plan.html"
    given = ("--cores", "6", "--machine", "amd48", "--workload", "dbench", "--json", "--report", str(page))
    done = run(*given)
    assert done.returncode == 0
    assert done.stderr == f"report: {page}\n"
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    document = json.loads(tree.get_element_by_id("document").text)
    assert document == json.loads(done.stdout)
    assert document["plans"][0]["sensitivities"]
    assert len(document["plans"][0]["placement"]["instances"]) == document["plans"][0]["best"]["vms"]
    assert f"cerberus-plan {' '.join(given)}" in tree.get_element_by_id("again").text_content()


@pytest.mark.slow
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """A folder, or a file in a folder that does not exist, is bad usage."""
    for bad in (tmp_path, tmp_path / "absent" / "plan.html"):
        done = run("--cores", "4", "--machine", "amd48", "--report", str(bad))
        assert done.returncode == 2
        assert "--report" in done.stderr
        assert done.stdout == ""


@pytest.mark.slow
def test_a_mixtures_page_embeds_what_json_prints(tmp_path: Path) -> None:
    """Workloads, splits and placement of the page are those of the document."""
    page = tmp_path / "mix.html"
    given = ("--cores", "6", "--machine", "amd48", "--mix", "dbench=1,histogram=2", "--json", "--report", str(page))
    done = run(*given)
    assert done.returncode == 0, done.stderr
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    document = json.loads(tree.get_element_by_id("document").text)
    assert document == json.loads(done.stdout)
    parts = document["mix"]["parts"]
    assert len(document["mix"]["placement"]["instances"]) == sum(part["vms"] for part in parts)
    rows = [[cell.text for cell in row] for row in tree.get_element_by_id("shares").iterfind(".//tbody/tr")]
    assert [(row[0], row[2]) for row in rows] == [(part["workload"], str(part["cores"])) for part in parts]


@pytest.mark.slow
def test_a_page_is_drawn_where_python_leaves_docstrings_out(tmp_path: Path) -> None:
    """Under -OO the page is that of an ordinary run."""
    page = tmp_path / "r.html"
    command = [sys.executable, "-P", "-OO", "-m", "cerberus_plan", "--machine", "amd48", "--workload", "histogram"]
    done = subprocess.run([*command, "--report", page], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = html.fromstring(page.read_text(encoding="utf-8")).findall(".//figure")
    assert figures
