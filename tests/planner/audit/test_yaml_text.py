"""Texts in YAML files hold no fields, and are left out as a reader of YAML finds them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.yaml_text import yaml_text
from tests.planner.audit.deployed import audited, deploy

# Key or item, what its text is indented by, and its style.
HEADERS = [
    "{}: {}", "- {}: {}", "- {1}", "- - {1}", "{0}: &of_{0} {1}", "{}: !!str {}", "{}: {}  # a comment", "'{}: x': {}",
]  # fmt: skip
STYLES = ["|", ">", "|-", ">+"]
LINES = ["cpus: 0.5", "  cpus: 0.5", "\tcpus: 0.5", "- |", "key: >", "# no comment", "", "}", "if x; then"]


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """A list of mappings with texts, and the same without the lines of the texts."""
    with_text, without = ["top: 1"], ["top: 1"]
    for at in range(draw(st.integers(1, 4))):
        header = draw(st.sampled_from(HEADERS)).format(f"key{at}", draw(st.sampled_from(STYLES)))
        depth = draw(st.integers(0, 3)) * 2
        first = " " * (depth + len(header) - len(header.lstrip("- "))) + "  first"
        lines = [first, *(f"{first[:-5]}{line}" if line else "" for line in draw(st.lists(st.sampled_from(LINES))))]
        before = [f"before{at}:", f"{' ' * depth}{header}"]
        after = [f"after{at}: {draw(st.sampled_from(['1', 'a >', 'x|']))}"]
        with_text += [*before, *lines, *after]
        without += [*before, *[""] * len(lines), *after]
    return "\n".join(with_text), "\n".join(without)


def emptied(found: Any) -> Any:
    """What a reader of YAML found, with nothing in its texts."""
    if isinstance(found, dict):
        return {key: emptied(value) for key, value in found.items()}
    if isinstance(found, list):
        return [emptied(value) for value in found]
    return "" if isinstance(found, str) and (not found.strip() or "first" in found) else found


@given(texts())
def test_texts_are_left_out(tmp_path_factory: pytest.TempPathFactory, case: tuple[str, str]) -> None:
    """Line for line, tabs and what looks like fields among them; the rest is what it was."""
    file = tmp_path_factory.mktemp("yaml") / "a.yaml"
    file.write_text(case[0])
    assert yaml_text(file) == case[1]
    assert emptied(yaml.safe_load(yaml_text(file))) == emptied(yaml.safe_load(case[0]))


def test_a_script_in_a_pod_changes_nothing(tmp_path: Path) -> None:
    """It was refused for the tabs that it is indented by, and its lines were read as fields."""
    file = deploy("kubernetes", tmp_path, host_cores=2) / "dbench-02.yaml"
    script = "      command:\n        - |\n          limits:\n            cpu: 500m\n          \tif x; then y; fi\n"
    file.write_text(file.read_text() + script)
    assert audited(tmp_path).deviations == ()


@pytest.mark.parametrize("line", ["\tcpus: 1", "  \tcpus: 1", "  a: |\n    text\n\tcpus: 1"])
def test_fields_indented_by_tabs_are_refused(line: str, tmp_path: Path) -> None:
    """With the line's number; a text ends there."""
    file = tmp_path / "a.yaml"
    file.write_text(f"a:\n{line}\n")
    with pytest.raises(InputError, match=rf"a.yaml, line {2 + line.count(chr(10))}: indented by a tab"):
        yaml_text(file)


@pytest.mark.hardware
@pytest.mark.parametrize("line", ["- " * 50_000, "a: " * 50_000, "&: " * 50_000, "a:" + " " * 100_000, "& " * 50_000])
def test_a_long_line_takes_no_time(line: str, tmp_path: Path) -> None:
    """Nor one made to be read again and again."""
    file = tmp_path / "a.yaml"
    file.write_text(line)
    started = time.process_time()
    assert yaml_text(file) == line
    assert time.process_time() - started < 1.0
