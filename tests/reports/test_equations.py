"""Equations on the page are the model's own."""

from __future__ import annotations

from importlib import resources

from example_plan import a_plan

from cerberus_plan.reports.pages.equations import laws_of, print_all


def test_the_printed_laws_are_what_sympy_prints() -> None:
    """The file of the page repeats the laws of the model, every one of them."""
    kept = (resources.files("cerberus_plan.reports") / "templates" / "laws.json").read_text(encoding="utf-8")
    assert kept == print_all() + "\n"


def test_a_page_lists_the_laws_of_its_stations() -> None:
    """Each law once, with the stations that follow it."""
    laws = laws_of([a_plan(), a_plan()])
    assert len({law["law"] for law in laws}) == len(laws)
    assert any("compute" in law["stations"] for law in laws)
