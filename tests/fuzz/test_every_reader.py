"""Damaged files are answered or refused by one message that names the file; `benchmarks/fuzz.py` runs this long."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cerberus_plan.__main__ import main
from cerberus_plan.planner.deploy.all_formats import FORMATS
from tests.fuzz.judging import faults, leftovers
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import FIXTURES, Target, targets

TARGETS = targets()


def ended(target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Exit code and outputs of the command, run in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["cerberus-plan", *target.arguments(folder)])
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0), stdout.getvalue(), stderr.getvalue()


def test_every_reader_is_a_target() -> None:
    """A new import fixture or deployment format cannot be forgotten; names are unique."""
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)
    assert {f"import {path.name}" for path in FIXTURES.iterdir()} <= set(names)
    for form in FORMATS:
        assert any(name.startswith(f"audit {form} ") for name in names), form


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
@example(seed=None)
def test_a_damaged_file_is_answered_or_refused(
    target: Target, seed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command; without damage it answers."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        target.write(folder, None if seed is None else mutated(target.text, target.kind, Random(seed)))
        code, stdout, stderr = ended(target, folder, monkeypatch)
        if seed is None:
            assert code in target.answers, stderr
        assert not faults(target, code, stdout, stderr), stderr
        assert not leftovers(target, folder)
