"""The page of fitted splits: the answer of the terminal, every split, every run, nothing else."""

from __future__ import annotations

import json
import math

import pytest
from example_splits import HOSTILE, a_splits_document, a_splits_page
from lxml import html

from cerberus_plan.calibration.splits.document import document
from cerberus_plan.calibration.splits.fit import fit_splits
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.reports import splits_words as words
from cerberus_plan.reports.formats import alike, percent, reading
from cerberus_plan.reports.text.splits_text import splits_text


@pytest.mark.parametrize("time", [False, True])
def test_the_page_tells_what_the_terminal_tells(time: bool) -> None:
    """The same verdict, a row a split with the same numbers, owners with the same causes, the same next run."""
    document = a_splits_document(time=time)
    text = a_splits_page(time=time)
    tree = html.fromstring(text)
    assert json.loads(tree.get_element_by_id("document").text) == json.loads(json.dumps(document))
    assert HOSTILE not in text
    assert len(text.encode()) < 3_000_000
    shown = " ".join(tree.text_content().replace("\u00a0", " ").replace(" × ", " x ").split())
    assert all(sentence in shown for sentence in words.verdict(document).split(". ", 1))
    assert "more is better" in shown or time
    rows = tree.xpath("//h2[starts-with(text(), 'All splits of')]/following::tbody[1]/tr")
    cells = [[cell.text_content() for cell in row] for row in rows]
    assert len(cells) == len(document["splits"])
    for split, row in zip(document["splits"], cells, strict=True):
        value, low, high = alike(split["value"], split["low"], split["high"])
        assert row[2:4] == [value, f"{low} to {high}"]
        assert row[4:] == [percent(split["probability_best"]), percent(split["regret"])]
        assert row[0].startswith(f"{split['instances']} × {split['cores_per_instance']}")
        assert ("recommended" in row[0]) == (split == document["best"])
        assert ("measure next" in row[0]) == (split == document["next"])
        assert (row[1] != "–") == split["measured"]
    owners = tree.xpath("//h2[text()='Owners of the contention']/following::tbody[1]/tr")
    assert [row.findtext("th") for row in owners] == [name for name, _ in words.likely(document)]


def test_one_split_is_no_plural() -> None:
    """A choice among one was told as "the best of 1 splits"."""
    document = a_splits_document()
    alone = {**document, "splits": document["splits"][:1]}
    assert "the best of 1 split with" in words.verdict(alone)
    assert f"the best of {len(document['splits'])} splits with" in words.verdict(document)


@pytest.mark.parametrize(("cores", "said"), [(8, False), (16, False), (17, True), (64, True)])
def test_far_beyond_the_runs_no_interval_was_checked(cores: int, said: bool) -> None:
    """More than twice the cores that were run: a limit of the machine that no run met may halve what is expected."""
    runs = [Measurement(instances=m, cores_per_instance=8 // m, value=8.0) for m in (1, 2, 8)]
    found = document(fit_splits(runs, [(1, cores), (cores, 1)]))
    sentences = [sentence for sentence in words.untold(found) if "Extrapolated: runs reach 8 cores" in sentence]
    assert len(sentences) == said
    assert found["extrapolated"] == said


def test_every_run_is_a_dot_or_a_row() -> None:
    """Repeats apart; a run of a split that is not asked for stands in a table of its own."""
    document = a_splits_document()
    tree = html.fromstring(a_splits_page())
    dots = json.loads(tree.get_element_by_id("splits-spec").text)["datasets"]["dots"]
    drawn = [dot["value"] for dot in dots if dot["kind"] == "measured"]
    rows = tree.xpath("//h2[text()='Other runs that it was fitted to']/following::tbody[1]/tr/td/text()")
    other = [float(text.replace(",", "")) for row in rows for text in row.split(", ")]
    given = sorted(point["value"] for point in document["points"])
    assert sorted(drawn + other) == pytest.approx(given)
    assert len(other) == 2


def test_times_are_turned_over_once() -> None:
    """The runs of a table of times are those times, not their reciprocals."""
    rates, times = a_splits_document(), a_splits_document(time=True)
    for rate, time in zip(rates["points"], times["points"], strict=True):
        assert math.isclose(rate["value"] * time["value"], 1.0)


def test_a_reading_has_no_zero_that_nobody_wrote() -> None:
    """Four digits at most."""
    assert [reading(value) for value in (39.0, 21.4, 12_345.678, 0.5)] == ["39", "21.4", "12,350", "0.5"]


def test_chances_of_owners_are_not_read_as_shares_of_the_throughput() -> None:
    """Each cause has its chance behind it, and a choice that is sure does not deny a run that tells the owner."""
    document = {**a_splits_document(time=False), "owner": {"inside": 0.953, "none": 0.047}, "next": None}
    told = " ".join(splits_text(document, 4000).split())
    assert "in how many of the explanations that fit the runs: contention inside an instance" in told
    assert told.count("(95 %)") == 1
    assert "nothing takes five per cent (4.7 %)" in told
    assert "The choice needs no further run" in told
