"""XML that others wrote, bounded in size and depth, without document types: no entity is defined or fetched."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MOST_XML = 16 << 20
"""Most bytes of a text; the metadata of a satellite's product has some fifty thousand."""
_DEEPEST = 64
_MOST_ELEMENTS = 500_000


def parse_xml(content: bytes) -> Element:
    """The root of an XML text; names of elements and attributes are without their namespaces.

    Raises:
        ValueError: it is damaged, too large or too deep, or it declares a document type.
    """
    if len(content) > MOST_XML:
        raise ValueError(f"it is larger than {MOST_XML >> 20} MB")
    builder = _Bounded()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError) as error:  # the latter for an encoding that is unknown
        raise ValueError(str(error)) from error
    return builder.close()


class _Bounded:
    """A tree that is built within bounds."""

    def __init__(self) -> None:
        self._tree, self._depth, self._elements = TreeBuilder(), 0, 0
        self.data, self.close = self._tree.data, self._tree.close

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self._depth, self._elements = self._depth + 1, self._elements + 1
        if self._depth > _DEEPEST:
            raise ValueError(f"it is more than {_DEEPEST} levels deep")
        if self._elements > _MOST_ELEMENTS:
            raise ValueError(f"it holds more than {_MOST_ELEMENTS} elements")
        self._tree.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        """Close an element."""
        self._depth -= 1
        self._tree.end(_local(name))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _refuse(*_: object) -> None:
    raise ValueError("it declares a document type, which metadata does not need")
