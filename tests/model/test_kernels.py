"""Functions that kernels copy have no door for Python: nothing but a kernel may call one, or the process would end."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

ROOMS = Path(__file__).parents[2]


def _marks(function: ast.FunctionDef) -> set[str]:
    return {mark.id for mark in function.decorator_list if isinstance(mark, ast.Name)}


def _called_from_python(text: str) -> list[str]:
    """Names of inlined functions that a function uses which is not compiled itself."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    copied = {function.name for function in functions if "inlined" in _marks(function)}
    plain = [function for function in functions if not _marks(function) & {"inlined", "kernel"}]
    used = {node.id for function in plain for node in ast.walk(function) if isinstance(node, ast.Name)}
    return sorted(copied & used)


def _modules_with_inlined() -> list[Path]:
    return [path for path in sorted((ROOMS / "model").rglob("*.py")) if "\n@inlined\n" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", _modules_with_inlined(), ids=lambda path: path.stem)
def test_only_kernels_call_what_is_copied_into_kernels(path: Path) -> None:
    assert _called_from_python(path.read_text("utf-8")) == []


def test_a_call_from_python_is_seen() -> None:
    text = """
        @inlined
        def copied(x): return x

        @kernel
        def loop(x): return copied(x)

        def plain(x): return copied(loop(x))
    """
    assert _called_from_python(textwrap.dedent(text)) == ["copied"]


def test_the_modules_are_found() -> None:
    assert {"events", "jump_chain", "slices", "request_events"} <= {path.stem for path in _modules_with_inlined()}
