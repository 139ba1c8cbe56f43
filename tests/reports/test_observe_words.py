"""Whose the contention is, in a sentence that is one whoever it is."""

from __future__ import annotations

from typing import Any

import pytest

from cerberus_plan.planner.evidence.whose import CAUSES
from cerberus_plan.reports.observe_words import owner_sentence


def document(owner: str, **others: Any) -> dict[str, Any]:
    """What `observe --json` prints, as far as the sentence needs it."""
    known = {"owner": {owner: 0.7}, "causes": CAUSES, "owner_next": None, "owner_from_splits": True, "ledger": []}
    return known | others


@pytest.mark.parametrize("owner", CAUSES)
def test_every_owner_makes_a_sentence(owner: str) -> None:
    """ "What keeps it back is most likely nothing that takes five per cent" was one of them."""
    told = owner_sentence(document(owner))
    assert told.endswith(".")
    assert "(70 %)" in told
    assert "likely (70 %) nothing that" not in told
    assert ("nothing keeps it back" in told) == (owner == "none")


@pytest.mark.parametrize("from_splits", [True, False])
def test_the_run_that_decides_comes_with_its_command(from_splits: bool) -> None:
    """And where no run is asked for, nothing hangs behind a semicolon."""
    wanted = {"instances": 2, "cores_per_instance": 1}
    asked = owner_sentence(document("process", owner_next=wanted, owner_from_splits=from_splits))
    assert "; run 2 x 1 to decide it (`cerberus-plan tune --splits 2x1 --record FILE -- COMMAND`)" in asked
    assert "; )" not in owner_sentence(document("process", owner_from_splits=from_splits))
