"""Plans, fits and calibrations show themselves in a notebook and give data frames."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from example_plan import a_plan
from example_profile import a_profile
from lxml import html
from needs import needed

from cerberus_plan import fit, frame, plan, profile
from cerberus_plan.calibration.store.profile import write_profile
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.reports.notebook import plan_html, profile_html


@pytest.fixture(autouse=True)
def notebook_extra() -> None:
    """Charts in a notebook and data frames are an extra."""
    needed("pandas", "vl_convert")


HOSTILE = "<script>alert(1)</script>"


def shown(thing: Any) -> Any:
    """What a notebook shows."""
    return html.fromstring(thing._repr_html_())


@pytest.mark.slow
def test_a_plan_shows_its_verdict_its_map_and_its_candidates() -> None:
    """The front door's plan displays itself; its frame has a row for each candidate."""
    found = plan("dbench", machine="amd48", cores=6)
    tree = shown(found)
    assert found.verdict in tree.text_content()
    assert len(tree.findall(".//svg")) == 2
    assert len(tree.findall(".//tbody/tr")) == 8
    table = frame(found)
    assert table["throughput"].tolist() == [candidate.throughput for candidate in found.candidates]


@pytest.mark.slow
def test_a_fit_shows_its_forecast() -> None:
    """Verdict and a row for each prediction, which the frame repeats."""
    found = fit([1, 2, 4, 8], [10.0, 19.5, 37.0, 64.0], predict=[16, 32])
    tree = shown(found)
    assert len(tree.findall(".//tbody/tr")) == 2
    assert len(tree.findall(".//svg")) == 1
    assert frame(found)["n"].tolist() == [16, 32]


def test_a_calibration_shows_its_costs(tmp_path: Any) -> None:
    """A profile read from its file shows its map and every quantity."""
    path = tmp_path / "profile.json"
    write_profile(a_profile(), path)
    found = profile(path)
    tree = shown(found)
    assert len(tree.findall(".//svg")) == 1
    assert len(tree.findall(".//tbody/tr")) == len(found.quantities) == len(frame(found))


@pytest.mark.slow
def test_names_are_escaped_in_cells() -> None:
    """Neither a workload nor a processor can add markup."""
    for text in (plan_html(a_plan(name=HOSTILE)), profile_html(a_profile(processor=HOSTILE))):
        assert "<script" not in text


@pytest.mark.slow
def test_colours_of_the_style_sheet_are_filled_in() -> None:
    """A picture outside a page names no style sheet variable."""
    assert "var(--" not in plan_html(a_plan(cores=6))


def test_a_host_without_profile_is_told_what_to_do(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No calibration of this host: the message names the command."""
    monkeypatch.setenv("CERBERUS_PLAN_HOME", str(tmp_path))
    with pytest.raises(CannotAnswerError, match="cerberus-plan calibrate"):
        profile()


def test_a_frame_without_pandas_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas is not required; asking for a frame without it says so."""
    real = builtins.__import__

    def without_pandas(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(CannotAnswerError, match="pip install pandas"):
        frame(a_profile())


def test_fitted_splits_show_every_split_and_escape() -> None:
    """Verdict as on the terminal, a row a split in order."""
    from cerberus_plan import Measurement, fit_splits
    from cerberus_plan.calibration.splits.document import document
    from cerberus_plan.reports import splits_words

    runs = [Measurement(instances=m, cores_per_instance=16 // m, value=value) for m, value in ((1, 900.0), (4, 1500.0))]
    found = fit_splits(runs, cores=16)
    tree = shown(found)
    assert splits_words.verdict(document(found)) in tree.text_content()
    rows = [row.findtext("td") for row in tree.findall(".//tbody/tr")]
    assert rows == [f"{one.instances} x {one.cores_per_instance}" for one in found.splits]


@pytest.mark.slow
def test_a_fleet_shows_who_runs_where(tmp_path: Any) -> None:
    """The verdict and a row an assignment; its frame has the same rows."""
    from cerberus_plan import plan_fleet

    path = tmp_path / "fleet.toml"
    path.write_text(
        f"""format = 1
name = "{HOSTILE}"
[[machine]]
name = "small"
machine = "intel16"
count = 2
[[workload]]
name = "files"
workload = "dbench"
rate = 500
"""
    )
    answer = plan_fleet(path)
    tree = shown(answer)
    assert HOSTILE not in answer._repr_html_()
    assert len(tree.findall(".//tbody/tr")) == len(answer.assignments) == len(frame(answer)) > 0
    assert "files" in tree.text_content()
    assert len(repr(answer)) < 200
