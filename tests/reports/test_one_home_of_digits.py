"""Digits of what was measured or modelled are decided in one place: terminal and page print the same number."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from example_profile import a_profile
from example_simulation import a_simulated_cluster
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from rich.console import Console

from cerberus_plan import reports
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.cli import commands
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages.calibration_page import calibration_page
from cerberus_plan.reports.pages.simulation_page import simulation_page
from cerberus_plan.reports.text.calibration_text import print_quantities
from cerberus_plan.reports.text.plan_text import shares
from cerberus_plan.reports.text.simulation_text import document, print_comparison
from cerberus_plan.reports.text.wrap import wrap

ROOM = Path(reports.__file__).parent
# A number written with so many digits by hand: `:.3g`, `:,.2f`, `:.1%`.
BY_HAND = re.compile(r":[,+]?\.(?:[0-9]+|\{\w+\})[gfe%]\}")
# Where such formats are at home; whole amounts of money; the digits of pictures.
AT_HOME = {"formats.py", "fleet_words.py", "figure.py"}
# Where a command says how long something took or will take.
OF_DURATIONS = {"observe.py", "verify.py"}


def test_no_report_formats_a_number_by_hand() -> None:
    """Words, text, pages and charts take `formats`; the check sees what it looks for where it is at home."""
    files = [path for folder in (".", "text", "pages", "charts") for path in (ROOM / folder).glob("*.py")]
    found = {path.name for path in files if BY_HAND.search(path.read_text(encoding="utf-8"))}
    assert found == AT_HOME
    assert len(files) > 40


def test_no_command_formats_a_number_by_hand() -> None:
    """Commands print what their pages print; by hand are told only durations: of waiting, of one run."""
    files = [*Path(commands.__file__).parent.glob("*.py")]
    found = {path.name for path in files if BY_HAND.search(path.read_text(encoding="utf-8"))}
    assert found == OF_DURATIONS
    assert len(files) > 10
    for name in OF_DURATIONS:
        lines = (Path(commands.__file__).parent / name).read_text(encoding="utf-8").splitlines()
        assert all("seconds" in line for line in lines if BY_HAND.search(line))


def printed(width: int, show: Callable[[Console], None]) -> str:
    """What a terminal of that width gets, blanks in one."""
    console = Console(width=width)
    with console.capture() as said:
        show(console)
    return re.sub(r"\s+", " ", said.get())


def test_terminal_and_page_print_one_simulation() -> None:
    """Model, simulation and interval in the same digits; the terminal once had five always."""
    found = a_simulated_cluster()
    told = printed(200, lambda console: print_comparison(found, console))
    page = simulation_page(document(found), command=["cerberus-plan", "simulate"], version="0")
    facts = html.fromstring(page).find_class("facts")[0]
    values = [each.text or "" for each in facts.iterfind(".//dd")]
    assert f"{values[0].split()[0]} {values[1].split()[0]} " in told
    interval = facts.findall(".//small")[1].text_content().replace("\u00a0", " ").partition("interval ")[2]
    assert interval in told


def test_terminal_and_page_print_one_profile() -> None:
    """Every quantity with its interval, in the digits that it warrants."""
    profile: Profile = a_profile()
    told = printed(250, lambda console: print_quantities(console, profile))
    page = html.fromstring(calibration_page(profile, command=["cerberus-plan", "calibrate"], version="0"))
    rows = page.xpath("//div[@aria-label='Inputs, table']//tbody/tr")
    assert len(rows) == len(profile.quantities) >= 2
    for row in rows:
        value, interval = (cell.text_content().replace("\u00a0", " ") for cell in row.find_class("number"))
        assert f" {value} " in told
        assert interval == "–" or interval in told


def test_a_share_that_exists_is_never_nothing() -> None:
    """What does not show in its digits is told as less than they show, on the terminal as on the page."""
    told = list(shares({"lock": 0.9985, "page fault": 0.0008, "message": 0.0007}))
    assert told == ["lock over 99 %", "other 0.1 %"]
    assert percent(0.0004) == "under 0.1 %"


def test_shares_have_one_form_in_every_room() -> None:
    """Sentences of the planner stand beside tables: both take `percent`, which sets a blank before the sign."""
    top = ROOM.parent
    found = {
        path.name
        for room in ("model", "calibration", "planner", "reports", "cerberus_plan/cli")
        for path in (top / room).rglob("*.py")
        if re.search(r"[0-9]%\}", path.read_text(encoding="utf-8"))
    }
    assert found == {"curve.py"}  # of an assertion of our own


@given(st.lists(st.sampled_from(["it", "loses", "3.0 %", "of", "90 %,", "high-end", "1,234"]), min_size=1, max_size=40))
def test_no_line_begins_with_a_percent_sign(words: list[str]) -> None:
    """Wrapping keeps every word, its order and the width, and parts no number from its sign."""
    lines = wrap(" ".join(words), 24, first="  ", later="    ")
    assert " ".join(line.strip() for line in lines) == " ".join(words)
    assert all(len(line) <= 24 and not line.strip().startswith("%") for line in lines)
