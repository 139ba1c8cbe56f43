"""XML as plain elements that know their line, so that a refusal can point at it: the one way in for every XML file.

Refused: entity declarations (they explode, or name files), nesting beyond any document of ours, a million elements.
When not to use it: for text between tags that are beside it, of which only the text before the first child is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import plain, shortened

# Deeper and larger than any machine; recursion over the tree is safe up to here.
_DEEPEST, _MOST = 100, 10**6


@dataclass(slots=True)
class Element:
    """One tag: its name, attributes, line, number in the document, the text before its first child, the tags inside."""

    tag: str
    attributes: dict[str, str]
    line: int
    serial: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def walk(self) -> Iterator[Element]:
        """All elements below this one, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.walk()

    def get(self, name: str) -> str | None:
        """An attribute, None where it is not there."""
        return self.attributes.get(name)

    def all(self, path: str) -> list[Element]:
        """The elements at a path of tags such as ``cputune/vcpupin``."""
        found = [self]
        for tag in path.split("/"):
            found = [child for each in found for child in each.children if child.tag == tag]
        return found

    def first(self, path: str) -> Element | None:
        """The first element at a path."""
        return next(iter(self.all(path)), None)

    def text_of(self, path: str) -> str | None:
        """The text of the first element at a path, None where there is none."""
        found = self.first(path)
        return None if found is None else found.text


class _Builder:
    """Takes the parser's events and grows the tree."""

    def __init__(self, name: str, expected: str) -> None:
        self.name, self.expected = name, expected
        self.top = Element("", {}, 0, 0)
        self.open = [self.top]
        self.count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler, self.parser.EntityDeclHandler = self._data, self._entity
        self.parser.buffer_text = True

    def refuse(self, line: int, found: str, expected: str) -> NoReturn:
        raise InputError(
            f"{self.name}, line {line}: found {shortened(plain(found, one_line=True))}; expected {expected}"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        element = Element(tag, attributes, self.parser.CurrentLineNumber, self.count)
        self.open[-1].children.append(element)
        self.open.append(element)
        if len(self.open) > _DEEPEST:
            self.refuse(element.line, f"more than {_DEEPEST} nested elements", self.expected)
        if self.count > _MOST:
            self.refuse(element.line, f"more than {_MOST} elements", self.expected)

    def _end(self, _tag: str) -> None:
        self.open.pop()

    def _data(self, text: str) -> None:
        if not self.open[-1].children:
            self.open[-1].text += text

    def _entity(self, name: str, *_rest: object) -> None:
        found = f"an entity declaration ({name})"
        self.refuse(self.parser.CurrentLineNumber, found, f"{self.expected}, which has none")


def parse_xml(text: str, name: str, expected: str) -> Element:
    """The outermost element of the document.

    Args:
        text: The document.
        name: What to call it in messages.
        expected: What the file should be, for messages.

    Raises:
        InputError: Not XML, nested too deeply, too large, or with an entity declaration.
    """
    builder = _Builder(name, expected)
    try:
        builder.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        builder.refuse(error.lineno, f"not XML ({error})", expected)
    return builder.top.children[0]
