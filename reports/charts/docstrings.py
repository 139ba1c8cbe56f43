"""Loads the drawing library with its docstrings where Python was told to leave them out (``-OO``).

It makes the documentation of its functions from that of its classes while it is imported, and cannot be imported
without. Nothing else is loaded so: its modules are compiled from source once more, without the compiled files that
Python keeps, which takes seconds that an ordinary run does not pay.
Source: importlib on ``SourceLoader.get_code``; the built-in ``compile`` on its ``optimize``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

_WITHOUT_DOCSTRINGS = 2
_LIBRARY = "altair"


class _WithDocstrings(SourceFileLoader):
    """Compiles as under ``-O``, which keeps docstrings."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compile(self.get_data(path), path, "exec", dont_inherit=True, optimize=_WITHOUT_DOCSTRINGS - 1)


class _Finder:
    """Finds the library's modules where they are found otherwise."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] != _LIBRARY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithDocstrings(name, spec.loader.path)
        return spec


def keep() -> None:
    """Let the library be imported under ``-OO``; does nothing otherwise, and once is enough."""
    if sys.flags.optimize >= _WITHOUT_DOCSTRINGS and _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
