"""One self-contained page: templates, style, scripts and data in one file that asks the network for nothing.

Untrusted text (names of workloads, files, programs) is escaped by the template engine; data are embedded as JSON with
every character that could end a script element written as an escape. A content security policy inside the page
forbids requests, whatever the data hold.
When not to use it: for fragments inside a notebook (``notebook``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import formats
from cerberus_plan.reports.pages import runtime

_TEMPLATES = resources.files("cerberus_plan.reports") / "templates"
# characters with a meaning to an HTML parser, and line ends that JavaScript does not allow in strings
# an option of a command: a browser may part it at each hyphen
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*(?![\w-])")
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def render(template: str, context: Mapping[str, Any], *, charts: bool = True) -> str:
    """The page made of a template in ``templates``.

    Args:
        template: File name of the template.
        context: What it shows.
        charts: Whether it has charts, and so needs their runtime.
    """
    page = _environment().get_template(template)
    return page.render(context, runtime=runtime.text() if charts else "")


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def prose_columns(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> list[bool]:
    """Whether each column of a table is read, not compared: then it is set from the left.

    A cell that starts with a letter is read, and so is one without a digit. Most cells decide, dashes aside.
    """
    cells = zip(*rows, strict=True) if rows else ((),) * len(columns)
    told = [[cell for cell in column if any(map(str.isalnum, cell))] for column in cells]
    return [2 * sum(map(_is_prose, column)) > len(column) for column in told]


def _is_prose(cell: str) -> bool:
    if cell.startswith(("under ", "over ")):
        return False
    return cell[:1].isalpha() or not any(map(str.isdigit, cell))


def typed(command: str) -> Any:
    """A command as a page sets it: every character of it, no option cut at a hyphen."""
    from markupsafe import Markup, escape

    return Markup(_OPTION.sub(r'<span class="whole">\g<0></span>', str(escape(command))))  # noqa: S704 (escaped)


def prose(text: str) -> Any:
    """A text of the planner as a page sets it (`formats.unparted`), what stands between backticks as code."""
    from markupsafe import Markup

    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without its other
        return typed(formats.unparted(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(typed(part)) if at % 2 else typed(formats.unparted(part))
        for at, part in enumerate(parts)
    )


def asset(name: str) -> str:
    """The text of a file in ``templates``."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        counted=counted,
        number=formats.number,
        percent=formats.percent,
        prose=prose,
        prose_columns=prose_columns,
        quantity=formats.quantity,
        script_json=script_json,
        typed=typed,
    )
    environment.globals.update(asset=asset)
    return environment
