"""Break the solver and the laws on purpose, one small change at a time, and see whether the tests notice.

    pip install cosmic-ray
    python benchmarks/mutation.py                            all of it, about half an hour on two idle cores
    python benchmarks/mutation.py model/exact/series.py --jobs 4   one module

Mutants are cosmic-ray's: an operator, comparison, constant, truth value or loop changed. Each runs in a fork of a
process that has everything else imported, with the module's own tests first; a failing test, or three minutes without
an answer, kills it. Survivors are printed as the line before and after; docs/mutation-testing.md explains them.
Exit code 1 when fewer than 90 % are killed.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

NEEDED = 0.9
SECONDS = 180
# One representative of each kind of slip: a sign, an inverse, an edge, a negation, an off-by-one, a loop not run.
OPERATORS = (
    *(f"core/ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(f"core/ReplaceBinaryOperator_{pair}" for pair in ("RShift_LShift", "BitAnd_BitOr")),
    *(f"core/ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Eq_NotEq")),
    *(f"core/ReplaceComparisonOperator_{pair}" for pair in ("NotEq_Eq", "Lt_Gt", "Gt_Lt", "Is_IsNot", "IsNot_Is")),
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/AddNot",
    "core/NumberReplacer",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/ReplaceBreakWithContinue",
    "core/ZeroIterationForLoop",
)
SOLVER_TESTS = ("test_reference_networks.py", "test_network.py", "test_solver_markov.py", "test_solver_laws.py")
LAW_TESTS = ("laws/test_laws.py", "test_allocator_search.py")
# module -> tests under tests/model, those most likely to notice first
TESTS: dict[str, Sequence[str]] = {
    "model/exact/solver.py": (*SOLVER_TESTS, "test_solver_scale.py"),
    "model/exact/series.py": ("test_series.py", *SOLVER_TESTS, "test_solver_scale.py"),
    "model/network.py": ("test_network.py", "test_reference_networks.py"),
    **{str(path): LAW_TESTS for path in sorted(Path("model/laws").glob("*.py")) if path.name != "__init__.py"},
}


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    path: str
    source: str
    change: str


def mutants(path: str) -> Iterator[Mutant]:
    """All mutants of the module that differ from it as programs."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    original = Path(path).read_text(encoding="utf-8")
    seen = {_program(original)}
    for name in OPERATORS:
        operator, occurrence = get_operator(name)(), 0
        while (changed := mutate_code(original, operator, occurrence)) is not None:
            occurrence += 1
            try:
                program = _program(changed)
            except SyntaxError:  # a star that is no multiplication
                continue
            if program not in seen:
                seen.add(program)
                yield Mutant(path, changed, _change(original, changed, name))


def _program(source: str) -> str:
    """The module as a tree without annotations, which do nothing when it runs."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def _change(original: str, changed: str, name: str) -> str:
    pairs = zip(original.splitlines(), changed.splitlines(), strict=False)
    for number, (before, after) in enumerate(pairs, start=1):
        if before != after:
            return f"{number}: {before.strip()}  ->  {after.strip()}"
    return name


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._mutant = mutant.path[:-3].replace("/", "."), mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._mutant.path
        exec(compile(self._mutant.source, self._mutant.path, "exec"), module.__dict__)  # noqa: S102 - its purpose


def start(mutant: Mutant) -> int:
    """Fork a process that tests the mutant and exits with pytest's code."""
    child = os.fork()
    if child:
        return child
    signal.alarm(SECONDS)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.meta_path.insert(0, _Changed(mutant))
    tests = [f"tests/model/{name}" for name in TESTS[mutant.path]]
    early = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis is here before pytest on purpose
    # plain asserts: pytest would read a law called test_and_set from its file, to rewrite its asserts
    options = ["-x", "-q", "-n", "0", "--assert=plain", "-W", early, "-p", "no:cacheprovider"]
    code = pytest.main([*options, *tests])
    os._exit(int(code))


def main() -> None:
    """Test all mutants of the modules, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="default: the solver, series, network and all laws")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="test only every so many mutants, a sample")
    options = parser.parse_args()
    import numba  # noqa: F401 - imported once, not in every fork
    import sympy  # noqa: F401

    hypothesis.settings.register_profile("mutation", max_examples=15, database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutation")
    modules = options.modules or list(TESTS)
    for path in modules:
        unchanged = Mutant(path, Path(path).read_text(encoding="utf-8"), "unchanged")
        if os.waitpid(start(unchanged), 0)[1] != 0:
            sys.exit(f"{path}: its tests fail already, or take more than {SECONDS} s; mutants would say nothing")
    waiting = [mutant for path in modules for mutant in mutants(path)][:: options.every]
    total, survivors, running = len(waiting), [], dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < options.jobs:
            mutant = waiting.pop()
            running[start(mutant)] = mutant
        child, status = os.wait()
        print(f"{total - len(waiting) - len(running) + 1} of {total} mutants done", end="\r", file=sys.stderr)
        mutant = running.pop(child)
        if os.WIFSIGNALED(status):
            print(f"no answer: {mutant.path}:{mutant.change}", flush=True)
        if status == 0:
            survivors.append(mutant)
            print(f"survived: {mutant.path}:{mutant.change}", flush=True)
    killed = 1.0 - len(survivors) / total
    print(f"{total} mutants, {total - len(survivors)} killed: {killed:.1%}")
    sys.exit(killed < NEEDED)


if __name__ == "__main__":
    main()
