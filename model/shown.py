"""Answers that can show themselves in a notebook, without knowing how.

``reports`` knows how to draw; it enters a function for each class in ``HTML``. So a plan need not import its report.
When not to use it: to draw; ask ``reports.notebook``.
Source: IPython, the ``_repr_html_`` protocol: None falls back to the plain representation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HTML: dict[type, Callable[[Any], str]] = {}


class Shown:
    """Base of what a notebook may draw."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        show = HTML.get(type(self))
        return None if show is None else show(self)
