"""Whatever stands in a field of a plan or a saved answer, every command that reads it answers or refuses, naming it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.audit.promised import read_promise
from cerberus_plan.planner.saved.answer import read_answer
from tests.fuzz.hostile import SHAPES, TOKENS, damaged, places
from tests.fuzz.judging import faults, leftovers
from tests.fuzz.targets import Target, targets
from tests.fuzz.test_every_reader import ended


@cache
def readers() -> Mapping[str, Target]:
    """Every command that reads a plan of an export or a saved answer, in each of its forms."""
    named = {each.name: each for each in targets()}
    beside, saved, compared = named["audit --beside"], named["saved answer"], named["compare"]
    alone = {name: text for name, text in beside.beside.items() if name != "plan.json"}
    audit = replace(beside, file="plan.json", beside=alone, command=("audit", "{folder}", "--json"))
    return {
        "audit": audit,
        "audit in words": replace(audit, command=("audit", "{folder}")),
        "beside": beside,
        "saved": saved,
        "saved in words": replace(saved, command=("{file}",)),
        "saved page": replace(saved, command=("{file}", "--report", "{folder}/made.json")),
        "compared": compared,
        "compared, the second": replace(compared, command=("compare", "{folder}/b.json", "{file}")),
    }


NAMES = (
    "audit", "audit in words", "beside", "saved", "saved in words", "saved page", "compared", "compared, the second",
)  # fmt: skip


def _wrong(target: Target, text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        target.write(folder, text.encode())
        code, stdout, stderr = ended(target, folder, monkeypatch)
        return [f"{each}: {stderr[-300:]}" for each in faults(target, code, stdout, stderr) + leftovers(target, folder)]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_hostile_field_is_answered_or_refused(
    name: str, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any field, any damage: no traceback, no mistake of ours, one bounded message with the file's name."""
    target = readers()[name]
    document = json.loads(target.text)
    path = data.draw(st.sampled_from([*places(document)]))
    text = damaged(document, path, data.draw(st.sampled_from([*TOKENS, *SHAPES])))
    if text is not None:
        assert not _wrong(target, text, monkeypatch)


@pytest.mark.parametrize(
    ("name", "path", "damage"),
    [
        ("audit", ("files",), "word"),  # a message without the file
        ("beside", ("files",), "escapes"),
        ("audit", ("instances",), "no elements"),  # a price of nothing
        ("audit", ("system",), "word"),
        ("saved", ("plans", 0, "one_os_all_cores", "cores"), "beyond a double"),  # read by nobody, written again
        ("saved", ("plans", 0, "sensitivities", 0, "low", "system"), "beyond a double"),
        ("saved page", ("machine", "description"), "half a character"),
        ("saved page", ("plans", 0, "sensitivities"), "missing"),
        ("saved page", ("plans", 0, "sensitivities", 0, "low"), "no fields"),
        ("saved page", ("plans", 0, "sensitivities", 0, "name"), "empty"),
        ("saved page", ("plans", 0, "what_if", 0, "gain"), "word"),
        ("saved page", ("plans", 0, "what_if", 0, "best"), "no fields"),
    ],
)
def test_what_was_found(name: str, path: tuple[str | int, ...], damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ended in a traceback or said nothing of where it was."""
    target = readers()[name]
    text = damaged(json.loads(target.text), path, damage)
    assert text is not None
    assert not _wrong(target, text, monkeypatch)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("cores", 65_535, "cores = 65535 must be a whole .* to 4096"), ("overcommit", 1e6, "overcommit = 1000000.0 must")],
)
def test_a_saved_answer_asks_for_no_more_than_can_be_asked_for(
    field: str, value: float, message: str, tmp_path: Path
) -> None:
    """Comparing it plans again: with 65,535 cores that took minutes."""
    document = json.loads(readers()["saved"].text)
    document["given"]["constraints"][field] = value
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=rf"a\.json: given: constraints: {message}"):
        read_answer(file)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("files", "tarball", r"plan\.json: files = 'tarball' is no format that this version reads \(libvirt, .*update"),
        ("instances", [], r"plan\.json: instances is empty"),
        ("throughput", "1e999", r"plan\.json: 1e999 is beyond the numbers that can be computed with"),
    ],
)
def test_refusals_name_file_and_field(field: str, value: object, message: str, tmp_path: Path) -> None:
    """And say what is allowed."""
    document = json.loads(readers()["audit"].text) | {field: value}
    (tmp_path / "plan.json").write_text(json.dumps(document).replace('"1e999"', "1e999"))
    with pytest.raises(InputError, match=message):
        read_promise(tmp_path)
