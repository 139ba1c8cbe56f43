"""The laws' mathematics namespace for sympy: numpy's names, symbolic results.

When not to use it: in anything that must start quickly; importing sympy takes longer than a whole plan.
"""

from __future__ import annotations

from typing import Any

import sympy


class _Symbolic:
    """numpy's names on sympy's functions."""

    minimum = staticmethod(sympy.Min)
    maximum = staticmethod(sympy.Max)
    exp = staticmethod(sympy.exp)
    log = staticmethod(sympy.log)
    sqrt = staticmethod(sympy.sqrt)


SYMBOLIC: Any = _Symbolic()
