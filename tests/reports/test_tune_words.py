"""What a tuning says of itself is one text: the terminal's, and the page's."""

from __future__ import annotations

import re

import pytest
from example_findings import TUNE
from lxml import html

from cerberus_plan.cli.commands import tune as tune_command
from cerberus_plan.reports import tune_words
from cerberus_plan.reports.pages.tune_page import tune_page


@pytest.mark.parametrize("quantity", ["throughput", "time"])
def test_terminal_and_page_say_one_verdict(quantity: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Three forms of it said "the best" or "the true best", with a unit or without."""
    answer = {**TUNE, "quantity": quantity}
    tune_command._tell(answer, as_json=False)
    first = capsys.readouterr().out.splitlines()[0]
    page = html.fromstring(tune_page(answer, command=["cerberus-plan", "tune"], version="0"))
    told = " ".join(element.text_content() for element in page.xpath("//h1 | //p[@class='lead strong']"))
    assert re.sub(r"\s", " ", told.replace("×", "x")) == first == tune_words.verdict(answer)
    assert bool(re.search(r"time [0-9.,]+ s \(", first)) == (quantity == "time")


def test_every_reason_to_stop_has_words() -> None:
    """Of the keys that the document may hold."""
    for stopped in ("sure", "budget", "all measured", "interrupted", "failed"):
        assert tune_words.verdict({**TUNE, "stopped": stopped}).endswith(f" Stopped: {tune_words.REASONS[stopped]}.")
