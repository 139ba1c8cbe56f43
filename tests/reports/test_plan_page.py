"""The report of a plan says what the JSON says, escapes what it is given, and stays small."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from example_plan import a_plan
from lxml import html

from cerberus_plan.model.measurement import Measurement
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.charts.split_map import split_map
from cerberus_plan.reports.formats import ends, estimate, number
from cerberus_plan.reports.pages.floor_plan import floor_plan, placement_json
from cerberus_plan.reports.pages.plan_document import plan_document
from cerberus_plan.reports.pages.plan_page import plan_page

HOSTILE = "<script>alert(1)</script>"


def page_of(*plans: Plan) -> str:
    return plan_page(
        plans,
        document=plan_document(plans, changes=["queue-lock"]),
        command=["cerberus-plan", "--cores", "48"],
        version="0.0.0",
    )


@pytest.fixture(scope="module")
def text() -> str:
    return page_of(a_plan(), a_plan("histogram", name=HOSTILE))


@pytest.fixture(scope="module")
def tree(text: str) -> Any:
    return html.fromstring(text)


@pytest.mark.slow
def test_the_embedded_document_is_the_json_output(tree: Any) -> None:
    """What can be saved from the page is what the command prints."""
    document = json.loads(tree.get_element_by_id("document").text)
    assert document == json.loads(
        json.dumps(plan_document([a_plan(), a_plan("histogram", name=HOSTILE)], changes=["queue-lock"]))
    )
    told = json.loads(json.dumps(a_plan().to_json()))
    assert document["plans"][0]["best"] == told["best"]
    single, today = document["plans"][0]["best_single"], document["plans"][0]["one_os_all_cores"]
    assert single == next(row for row in told["candidates"] if row["vms"] == 1)
    assert (today["system"], today["split"]) == ("linux", [48])


def test_the_answer_on_the_page_is_the_answer_in_the_json(tree: Any) -> None:
    """Verdict, throughput and split of the best candidate are those of the document."""
    document = json.loads(tree.get_element_by_id("document").text)
    for section, plan in zip(tree.find_class("workload"), document["plans"], strict=True):
        shown = section.text_content().replace("\u00a0", " ")
        assert all(sentence in shown for sentence in plan["verdict"].split(". "))
        best = plan["best"]
        assert estimate(best["throughput"], best["low"], best["high"], plan["unit"]) in shown
        assert ends(best["low"], best["high"]) in shown
        assert f"{plan['best']['vms']} × {plan['best']['cores_per_vm']} core" in shown


def test_every_split_in_the_json_is_a_row_of_the_page(tree: Any) -> None:
    """The table beside the map lists each even split of the clustered system with its throughput."""
    plan = json.loads(tree.get_element_by_id("document").text)["plans"][0]
    rows = {tuple(cell.text for cell in row)[:3] for row in tree.get_element_by_id("w0-map0").iterfind(".//tbody/tr")}
    assert rows == {
        (str(c["vms"]), str(c["cores_per_vm"]), estimate(c["throughput"], c["low"], c["high"]))
        for c in plan["candidates"]
        if c["system"] == "cerberus"
    }


def test_hostile_names_are_text(text: str, tree: Any) -> None:
    """A workload named like a script element adds no script element."""
    scripts = tree.findall(".//script")
    assert HOSTILE not in text
    assert all("alert(1)" not in (script.text or "") for script in scripts if script.get("type") is None)
    assert any(HOSTILE in heading.text_content() for heading in tree.find_class("eyebrow"))


def test_the_page_is_small_and_names_no_other_file(text: str, tree: Any) -> None:
    """Under 3 MB, and nothing on it has an address to fetch."""
    assert len(text.encode()) < 3_000_000
    assert not tree.xpath("//*[@src] | //link | //iframe | //object | //img")
    assert all(link.get("href").startswith("#") for link in tree.iterfind(".//a"))


def test_each_chart_has_a_text_alternative(tree: Any) -> None:
    """A sentence for those who cannot see it and a table with its numbers."""
    charts = tree.find_class("chart")
    assert charts
    for chart in charts:
        assert chart.get("role") == "img"
        assert len(chart.get("aria-label")) > 40
        beside = chart.getparent()
        assert beside.find(".//table") is not None or beside.find(".//*[@role='status']") is not None


def test_links_inside_the_page_resolve(tree: Any) -> None:
    """Every fragment is the identifier of one element, and no identifier is used twice."""
    names = tree.xpath("//@id")
    assert len(set(names)) == len(names)
    assert {link.get("href")[1:] for link in tree.iterfind(".//a")} <= set(names)


def test_published_numbers_are_drawn_on_the_curves_of_their_machine(tree: Any) -> None:
    """The source's 2123.6 MB/s of Table 7 is a point of dbench; a workload of another name has none."""
    specs = [json.loads(tree.get_element_by_id(f"w{at}-scaling-spec").text) for at in (0, 1)]
    points = specs[0]["datasets"]["points"]
    assert ("cerberus", 48, 2123.6) in {(p["system"], p["cores"], p["throughput"]) for p in points}
    assert all("EuroSys 2011" in point["source"] for point in points)
    assert specs[1]["datasets"]["points"] == []


def test_refinements_of_the_document_are_rows(tree: Any) -> None:
    """What a change of kernel or hypervisor would gain is told as the document has it."""
    for section, name in zip(tree.find_class("workload"), (None, HOSTILE), strict=True):
        plan = json.loads(tree.get_element_by_id("document").text)["plans"][0 if name is None else 1]
        (change,) = plan["what_if"]
        shown = section.text_content()
        assert change["says"] in shown
        assert f"{number(change['gain'])} ×" in shown


@pytest.mark.slow
def test_a_split_that_does_not_fit_the_machine_is_told_not_drawn() -> None:
    """A plan beyond the machine's own cores has no placement, and page and document say why."""
    beyond = a_plan("histogram", cores=96, machine="intel16")
    assert beyond.best.cores > 16
    tree = html.fromstring(page_of(beyond))
    reason = json.loads(tree.get_element_by_id("document").text)["plans"][0]["placement"]["reason"]
    assert reason in tree.get_element_by_id("w0-floor").text_content()


@pytest.mark.parametrize("host_cores", [0, 2])
def test_the_floor_plan_draws_the_placement_of_the_document(host_cores: int) -> None:
    """Each CPU once, with its instance, the host's CPUs or nobody."""
    topology = a_plan().machine.topology
    split = (3, 2, 2)
    drawn = floor_plan(topology, split, host_cores=host_cores)
    told = placement_json(topology, split, host_cores=host_cores)
    squares = [square for socket in drawn["sockets"] for group in socket for square in group]
    assert sorted(square["cpu"] for square in squares) == sorted(topology.cpus)
    for at, instance in enumerate(told["instances"]):
        assert {s["cpu"] for s in squares if s["label"] == str(at)} == set(instance["cpus"])
    assert {s["cpu"] for s in squares if s["kind"] == "host"} == set(told["host_cpus"])
    assert {s["cpu"] for s in squares if s["kind"] == "idle"} == set(told["idle_cpus"])


@pytest.mark.slow
def test_no_mark_of_a_split_hides_another() -> None:
    """The best split that was run bears two marks, a tie may too: the smaller is drawn later."""
    plan = a_plan()
    run = plan.best if plan.best.cores_per_vm is not None else plan.candidates[0]
    row = Measurement(instances=run.vms, cores_per_instance=run.cores_per_vm or 1, value=run.throughput)
    plan = replace(plan, workload=replace(plan.workload, measured=(row,)))
    spec = split_map(plan, run.system, name="map").spec
    sizes = [layer["mark"]["size"] for layer in spec["layer"] if layer["mark"]["type"] == "point"]
    assert len(sizes) >= 2
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
