"""The pages of a fit, a reproduction and a calibration say what their documents say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from example_profile import FAR_S, NEAR_S, a_profile
from example_simulation import a_simulation
from lxml import html

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.document import document as fit_document
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.calibration.paper.compare import compare
from cerberus_plan.calibration.paper.compare import document as reproduction
from cerberus_plan.calibration.store.profile import to_record
from cerberus_plan.model.topology import Topology
from cerberus_plan.reports.charts.latency import latency
from cerberus_plan.reports.formats import ends, estimate, number, prefixed
from cerberus_plan.reports.pages.calibration_page import calibration_page
from cerberus_plan.reports.pages.fit_page import fit_page
from cerberus_plan.reports.pages.reproduce_page import reproduce_page
from cerberus_plan.reports.pages.simulation_page import simulation_page

HOSTILE = "</script><script>alert(1)</script>"


def embedded(tree: Any, name: str = "document") -> Any:
    return json.loads(tree.get_element_by_id(name).text)


def a_fit(name: str = "example") -> dict[str, Any]:
    """Simulated throughput that saturates, the last points kept out."""
    measured = Curve.from_points([1, 2, 4, 8, 16, 32], [10.0, 19.5, 37.0, 64.0, 88.0, 96.0], name=name)
    return fit_document(fit_curve(measured.up_to(8)), measured=measured)


@pytest.mark.slow
def test_a_fits_page_shows_points_forecast_and_what_to_measure() -> None:
    """Used and kept points, every prediction, the incumbents, and the next count are those of the document."""
    given = a_fit(HOSTILE)
    text = fit_page(given, command=["cerberus-plan", "fit", "curve.csv"], version="0")
    tree = html.fromstring(text)
    assert embedded(tree) == given
    assert len(text.encode()) < 3_000_000
    assert HOSTILE not in text
    points = [[cell.text for cell in row] for row in tree.get_element_by_id("points").iterfind(".//tbody/tr")]
    assert points == [
        [f"{p['n']:g}", number(p["value"], 4), str(p["repeats"]), "used" if p["used"] else "kept out"]
        for p in given["points"]
    ]
    assert [p["used"] for p in given["points"]] == [True] * 4 + [False] * 2
    shown = tree.get_element_by_id("forecast").text_content()
    assert all(estimate(p["value"], p["low"], p["high"]) in shown for p in given["predictions"])
    facts = tree.find_class("facts")[0].text_content().replace("\u00a0", " ")
    assert f"run {given['next']['n']:g} cores" in facts
    assert f"run {given['confirm']['n']:g} cores" in facts
    assert given["confirm"]["why"] in facts


def test_the_path_of_a_fit_goes_through_its_predictions() -> None:
    """The curve that is drawn and the numbers that are listed are one forecast, the incumbents' too."""
    given = a_fit()
    path = {p["n"]: p for p in given["path"]}
    assert all(path[p["n"]] == p for p in given["predictions"])
    for law in given["incumbents"]:
        drawn = {p["n"]: p["value"] for p in law["path"]}
        assert [drawn[p["n"]] for p in law["predictions"]] == pytest.approx([p["value"] for p in law["predictions"]])


@pytest.fixture(scope="module")
def reproduced() -> dict[str, Any]:
    return reproduction(compare())


@pytest.mark.slow
def test_a_reproductions_page_hides_no_number(reproduced: dict[str, Any]) -> None:
    """Every fact, ordering and free number of the document is a row; errors carry their sign."""
    text = reproduce_page(reproduced, command=["cerberus-plan", "reproduce"], version="0")
    tree = html.fromstring(text)
    assert embedded(tree) == json.loads(json.dumps(reproduced))
    assert len(text.encode()) < 3_000_000
    rows = tree.xpath("//*[@id='errors' or @id='free']//tbody/tr/th/text()")
    assert all(fact["about"] in rows for fact in reproduced["facts"])
    assert [len(tree.xpath(f"//*[@id='{name}']//tbody/tr")) for name in ("orderings",)] == [
        len(reproduced["predicates"])
    ]
    assert len(tree.find_class("chart")) == 1 + len(reproduced["figures"])
    for script in tree.xpath("//script"):
        script.drop_tree()
    assert not re.findall(r"\d\s+us\b", tree.text_content())


@pytest.mark.slow
def test_published_anchors_are_on_the_curves(reproduced: dict[str, Any]) -> None:
    """The marks of figure 6 are the published numbers of dbench."""
    tree = html.fromstring(reproduce_page(reproduced, command=[], version="0"))
    anchors = embedded(tree, "figure6-spec")["datasets"]["anchors"]
    assert {"series": "Cerberus, 2 cores per VM", "cores": 48, "value": 2123.6} in anchors


def test_a_simulations_page_sets_model_and_simulation_side_by_side() -> None:
    """Verdict, both throughputs and every station of the document are on the page."""
    given = a_simulation(HOSTILE)
    text = simulation_page(given, command=["cerberus-plan", "simulate"], version="0")
    tree = html.fromstring(text)
    assert embedded(tree) == given
    assert HOSTILE not in text
    shown = tree.text_content().replace("\u00a0", " ")
    assert given["verdict"] in shown
    low, high = given["simulated"]["low"], given["simulated"]["high"]
    for which in ("analytic", "simulated"):
        assert estimate(given[which]["throughput"], low, high, "cycles/s") in shown
    assert ends(low, high) in shown
    assert len(tree.xpath("//*[@id='stations']//tbody/tr")) == len(given["stations"])


def test_a_calibrations_page_has_every_sample() -> None:
    """Each timed batch is a mark, disturbed ones told apart; the document is the profile."""
    given = a_profile(processor=HOSTILE)
    text = calibration_page(given, command=["cerberus-plan", "calibrate"], version="0")
    tree = html.fromstring(text)
    assert HOSTILE not in text
    assert embedded(tree) == json.loads(json.dumps(to_record(given)))
    marks = embedded(tree, "samples-spec")["datasets"]["batches"]
    timed = [b for case, kept in given.batches.items() for b in kept if b.round >= 0 and "0-1" not in case]
    assert len([mark for mark in marks if "core_to_core" not in mark["case"]]) == len(timed)
    assert sum(mark["doubt"] != "" for mark in marks if "core_to_core" not in mark["case"]) == sum(
        not batch.clean for batch in timed
    )
    shown = tree.text_content()
    assert prefixed(110e-9, 105e-9, 120e-9, "s") == ("110 ns", "105 ns to 120 ns")
    assert all(text in shown for text in prefixed(110e-9, 105e-9, 120e-9, "s"))
    assert "/dev/kvm is not usable" in shown
    assert given.notes[0][1:] in shown


def test_the_heat_map_frames_the_groups_and_bounds_its_size() -> None:
    """Near pairs inside frames; on a large machine cells are groups, not cores."""
    given = a_profile()
    small = latency(given.latency, given.topology, name="latency").spec["datasets"]
    assert len(small["cells"]) == 2 * len(given.latency)
    for cell in small["cells"]:
        inside = any(f["from"] < cell["x"] < f["to"] and f["from"] < cell["y"] < f["to"] for f in small["frames"])
        assert cell["seconds"] == pytest.approx(NEAR_S if inside else FAR_S)
    assert len(small["frames"]) == 4
    large = Topology.regular(sockets=2, l3_per_node=16, cores_per_l3=8)
    pairs = {(0, b): FAR_S for b in range(1, large.n_cpus)}
    assert len(latency(pairs, large, name="latency").spec["datasets"]["cells"]) == 2 * 32 - 1


def test_a_calibrations_headline_is_its_judgement() -> None:
    """Stable or not is the headline; each sign of trouble is a sentence below, with its advice."""
    profile = a_profile()
    shaky = replace(profile, run={**profile.run, "verdict": "unstable: 36 % of the batches: stop others; it is wide"})
    tree = html.fromstring(calibration_page(shaky, command=["cerberus-plan", "calibrate"], version="0"))
    assert tree.findtext(".//h1") == "Unstable."
    lead = tree.find_class("lead")[0].text_content()
    assert lead == "36\u00a0% of the batches: stop others. It is wide."
