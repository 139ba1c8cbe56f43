"""Texts in YAML files hold no fields, and are left out as a reader of YAML finds them."""

from __future__ import annotations

import re
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


fields = st.text("abk09_", max_size=4).map("k{}".format)
plain_values = st.sampled_from(["2", "2000m", "4915Mi", "a, b", "{", "x}", "true", "a: b"])
mappings = st.recursive(
    plain_values, lambda inner: st.dictionaries(fields, inner, min_size=1, max_size=3), max_leaves=6
)


@given(st.dictionaries(fields, mappings, min_size=1, max_size=3), st.sampled_from(["", "    ", "- ", "  - - "]))
def test_a_mapping_on_one_line_is_unfolded(tmp_path_factory: pytest.TempPathFactory, fields: Any, before: str) -> None:
    """However deep, behind a dash or not; it says the same, and no brace is left but in values."""
    text = before + yaml.safe_dump({"limits": fields}, default_flow_style=True, width=10_000).strip().removeprefix("{")
    text = text.removesuffix("}") + "  # a comment\n"
    file = tmp_path_factory.mktemp("yaml") / "a.yaml"
    file.write_text(text)
    found = yaml_text(file)
    assert yaml.safe_load(found) == yaml.safe_load(text)
    assert found.count("\n") == 1 + yaml.safe_dump(fields, default_flow_style=False).count("\n")


@pytest.mark.parametrize("amounts", ["{cpu: 2, memory: 4915Mi}", '{"cpu": "2", "memory": "4915Mi"}  # as JSON'])
def test_amounts_of_a_pod_on_one_line(amounts: str, tmp_path: Path) -> None:
    """They were not found, and the pod was said to use any CPU."""
    file = deploy("kubernetes", tmp_path, host_cores=2) / "dbench-02.yaml"
    text = file.read_text()
    memory = re.search(r"memory: (\S+)", text)
    assert memory
    one_line = re.sub(r"(limits|requests):\n.*\n.*\n", rf"\1: {amounts}\n", text).replace("4915Mi", memory[1])
    assert one_line.count("{") == 2
    file.write_text(one_line)
    assert audited(tmp_path).deviations == ()


@pytest.mark.parametrize(
    ("form", "fields"), [("kubernetes", "cpu|memory|name"), ("kubevirt", "cores|guest|name|dedicated.*")]
)
def test_remarks_behind_fields_change_nothing(form: str, fields: str, tmp_path: Path) -> None:
    """A field with a remark was not found: the instance was said to use any CPU."""
    file = deploy(form, tmp_path, host_cores=2) / "dbench-02.yaml"
    text = file.read_text()
    file.write_text(re.sub(rf"^( +(?:{fields}): \S+)$", r"\1  # as planned", text, flags=re.MULTILINE))
    assert file.read_text().count("# as planned") >= 3
    assert audited(tmp_path).deviations == ()


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
@pytest.mark.parametrize(
    "line",
    [
        "- " * 50_000,
        "a: " * 50_000,
        "&: " * 50_000,
        "a:" + " " * 100_000,
        "& " * 50_000,
        "a: " + "{a: " * 50_000,
        "a: {" + "b" * 100_000,
        "a: {" + " " * 100_000 + "}x",
    ],
)
def test_a_long_line_takes_no_time(line: str, tmp_path: Path) -> None:
    """Nor one made to be read again and again."""
    file = tmp_path / "a.yaml"
    file.write_text(line)
    started = time.process_time()
    assert yaml_text(file) == line
    assert time.process_time() - started < 1.0
