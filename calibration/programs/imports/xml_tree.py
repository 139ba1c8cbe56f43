"""XML as plain elements that know their line, so that a refusal can point at it.

When not to use it: for documents with text between the tags, which is dropped, or with entities, which are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cerberus_plan.calibration.programs.imports.source import Source

# Deeper than any machine; recursion over the tree is safe up to here.
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Element:
    """One tag: its name, attributes, line, number in the document, and the tags inside."""

    tag: str
    attributes: dict[str, str]
    line: int
    serial: int
    children: list[Element] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """All elements below this one, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.walk()


def parse_xml(source: Source, expected: str) -> Element:
    """The outermost element of the document.

    Args:
        source: The text.
        expected: What the file should be, for messages.

    Raises:
        InputError: Not XML, nested too deeply, or with an entity declaration.
    """
    parser = expat.ParserCreate("utf-8")
    top = Element("", {}, 0, 0)
    open_elements = [top]
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        element = Element(tag, attributes, parser.CurrentLineNumber, count)
        open_elements[-1].children.append(element)
        open_elements.append(element)
        if len(open_elements) > _DEEPEST:
            source.refuse(element.line, f"more than {_DEEPEST} nested elements", expected)

    def end(_tag: str) -> None:
        open_elements.pop()

    def entity(name: str, *_rest: object) -> None:
        source.refuse(parser.CurrentLineNumber, f"an entity declaration ({name})", f"{expected}, which has none")

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, entity
    try:
        parser.Parse(source.text.encode(), True)
    except expat.ExpatError as error:
        source.refuse(error.lineno, f"not XML ({error})", expected)
    return top.children[0]
