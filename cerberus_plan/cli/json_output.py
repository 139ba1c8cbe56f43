"""JSON documents as every command prints them."""

from __future__ import annotations

from typing import Any

import typer


def print_document(document: Any, *, indent: int | None = None) -> None:
    """Print one JSON document on stdout; a number that JSON cannot write (infinity, NaN) is a mistake of ours.

    Args:
        document: What is printed: null, never infinity, where nothing is known.
        indent: Spaces a level, for documents that people read.

    Raises:
        ValueError: The document holds such a number.
    """
    import json  # here, not above: a plan in words starts without it

    typer.echo(json.dumps(document, indent=indent, allow_nan=False))
