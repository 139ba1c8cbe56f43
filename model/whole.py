"""Whole numbers of other libraries, such as a cell of a numpy array or of a data frame.

Models: nothing; counts come from users' arrays, and numpy's integers are no ``int``.
When not to use it: to check a count; what is no whole number passes as it is, and its reader refuses it.
Source: PEP 357, the ``__index__`` protocol.
"""

from __future__ import annotations

import operator
from typing import Any


def as_int(value: Any) -> Any:
    """A whole number as Python's own; anything else, truth values among it, as it is."""
    if type(value) is int or isinstance(value, bool):
        return value
    try:
        return operator.index(value)
    except TypeError:
        return value
