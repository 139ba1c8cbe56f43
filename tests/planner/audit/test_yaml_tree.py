"""Mappings of a YAML file are what PyYAML, the judge, finds in them."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.all_formats import read_files
from cerberus_plan.planner.deploy.yaml_tree import yaml_tree
from tests.planner.audit.deployed import audited, deploy

names = st.text("abkz09_.-", max_size=6).map("k{}".format)
values = st.sampled_from(["a", "0-3,8", "6", "a b", "yes", "a: b", "1.5", "x-y"])
inner = st.recursive(values, lambda deeper: st.dictionaries(names, deeper, min_size=1, max_size=3), max_leaves=6)
trees = st.dictionaries(names, inner, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples."""
    return tmp_path_factory.mktemp("yaml")


def read(folder: Path, text: str) -> Any:
    file = folder / "a.yaml"
    file.write_text(text)
    return yaml_tree(file)


@given(trees, st.integers(2, 6), st.booleans())
def test_what_is_written_is_read(folder: Path, tree: dict[str, Any], indent: int, crlf: bool) -> None:
    """In block style, however deep it is indented, or as JSON."""
    block = yaml.safe_dump(tree, indent=indent, default_flow_style=False)
    assert read(folder, block.replace("\n", "\r\n") if crlf else block) == tree
    assert read(folder, json.dumps(tree, indent=None if crlf else indent)) == tree


@given(trees, st.integers(1, 4))
def test_what_is_the_same_again_is_read_again(folder: Path, tree: dict[str, Any], again: int) -> None:
    """PyYAML writes what it meets again as an alias."""
    whole = {"first": tree or {"a": "b"}} | {f"again{i}": tree or {"a": "b"} for i in range(again)}
    shared = next(iter(whole.values()))
    text = yaml.safe_dump(dict.fromkeys(whole, shared), default_flow_style=False, sort_keys=False)
    assert text.count("*id001") == again
    assert read(folder, text) == whole


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), values, min_size=1), min_size=2, max_size=4), st.data())
def test_a_merge_takes_over_what_is_not_said(folder: Path, mappings: list[dict[str, str]], data: st.DataObject) -> None:
    """Before or behind what a mapping says itself, of one or of several."""
    *others, own = mappings
    merged = ", ".join(f"*m{i}" for i in range(len(others)))
    lines = [f'  {key}: "{value}"' for key, value in own.items()]
    lines.insert(data.draw(st.integers(0, len(lines))), f"  <<: {merged if len(others) == 1 else f'[{merged}]'}")
    blocks = [
        "\n".join([f"x{i}: &m{i}  # kept", *(f'  {key}: "{value}"' for key, value in other.items())])
        for i, other in enumerate(others)
    ]
    text = "\n".join([*blocks, "own:", *lines])
    assert read(folder, text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  <<: *b", r"a.yaml, line 3: found '\*b'; expected &b on a line before it"),
        ("  cpuset: *b", r"a.yaml, line 3: found '\*b'; expected &b"),
        ("  <<: {a: 1}", r"a.yaml, line 3: found '<<: \{a: 1\}'; expected <<: \*NAME"),
        ("  <<: *a", r"a.yaml, line 3: found '<<: \*a'; expected the name of a mapping"),
    ],
)
def test_an_anchor_that_is_not_there_is_told(line: str, message: str, tmp_path: Path) -> None:
    """With the line and what is expected."""
    with pytest.raises(InputError, match=message):
        read(tmp_path, f"a: &a text\nb:\n{line}\n")


ONE = re.compile(r"  dbench-00:\n    image: .*\n    cpuset: \"0-1\"\n")


@pytest.mark.parametrize(
    ("edit", "deviations"),
    [
        (lambda text: "x-one: &one\n  cpuset: 0-1\n" + ONE.sub("  dbench-00:\n    <<: *one\n", text), []),
        (lambda text: json.dumps(yaml.safe_load(text)), []),
        (lambda text: text.replace('"0-1"', '"0-1"\n    scale: 1'), []),
        (lambda text: text.replace('"0-1"', '"0-1"\n    scale: 3'), ["dbench-00-2", "dbench-00-3"]),
        (lambda text: text.replace('"0-1"', '"0-1"\n    deploy:\n      replicas: 2'), ["dbench-00-2"]),
        (lambda text: text.replace('"0-1"', '"0-1"\n    deploy:\n      replicas: 0'), ["dbench-00"]),
    ],
    ids=["merge", "json", "one copy", "three copies", "two replicas", "no replica"],
)  # fmt: skip
def test_what_people_make_of_a_compose_file(edit: Any, deviations: list[str], tmp_path: Path) -> None:
    """The same in other words is as planned; copies were not planned, and none is missing."""
    file = deploy("compose", tmp_path) / "compose.yaml"
    before = file.read_text()
    file.write_text(edit(before))
    assert file.read_text() != before
    assert [each.instance for each in audited(tmp_path).deviations] == deviations


@pytest.mark.parametrize("text", ["services: {a: {cpuset: 0-1}}", "services:\n  a: {cpuset: 0-1}", "services: [a]"])
def test_services_in_flow_style_are_refused(text: str, tmp_path: Path) -> None:
    """They were taken for services that may use every CPU, or for none."""
    (tmp_path / "compose.yaml").write_text(text)
    with pytest.raises(InputError, match=r"compose.yaml.*must be names below it, a line each; `docker compose config`"):
        list(read_files("compose", tmp_path))


@pytest.mark.hardware
@pytest.mark.parametrize("line", ["a: x" + " " * 100_000 + "x", "a: &" + "b" * 100_000, "<<: [" + "*a," * 30_000])
def test_a_long_line_takes_no_time(line: str, tmp_path: Path) -> None:
    """Nor one made to be read again and again."""
    (tmp_path / "a.yaml").write_text(line)
    started = time.process_time()
    if line.startswith("<<"):
        with pytest.raises(InputError):
            yaml_tree(tmp_path / "a.yaml")
    else:
        assert set(yaml_tree(tmp_path / "a.yaml")) == {"a"}
    assert time.process_time() - started < 1.0
