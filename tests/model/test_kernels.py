"""Functions that kernels take in are for kernels alone: Python would compile one in every process, or find no door."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

ROOMS = Path(__file__).parents[2]
_TAKEN_IN = {"copied", "inlined"}


def _marks(function: ast.FunctionDef) -> set[str]:
    return {mark.id for mark in function.decorator_list if isinstance(mark, ast.Name)}


def _called_from_python(text: str) -> list[str]:
    """Names of taken-in functions that a function uses which is not compiled itself."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    copied = {function.name for function in functions if _marks(function) & _TAKEN_IN}
    plain = [function for function in functions if not _marks(function) & {*_TAKEN_IN, "kernel"}]
    used = {node.id for function in plain for node in ast.walk(function) if isinstance(node, ast.Name)}
    return sorted(copied & used)


def _modules() -> list[Path]:
    paths = sorted((ROOMS / "model").rglob("*.py"))
    return [path for path in paths if any(f"\n@{mark}\n" in path.read_text("utf-8") for mark in _TAKEN_IN)]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.stem)
def test_only_kernels_call_what_kernels_take_in(path: Path) -> None:
    assert _called_from_python(path.read_text("utf-8")) == []


def test_a_call_from_python_is_seen() -> None:
    text = """
        @copied
        def copied(x): return x

        @inlined
        def inner(x): return x

        @kernel
        def loop(x): return copied(inner(x))

        def plain(x): return copied(inner(loop(x)))
    """
    assert _called_from_python(textwrap.dedent(text)) == ["copied", "inner"]


def test_the_modules_are_found() -> None:
    assert {"events", "jump_chain", "request_events", "slices", "weights_kernel"} <= {path.stem for path in _modules()}
