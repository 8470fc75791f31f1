"""Elements of a job order: read within bounds, and each named in errors by its way from the root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from landslip.runtime.errors import InputError
from landslip.runtime.joborder.order_times import parsed_span
from landslip.runtime.joborder.order_types import TimeSpan
from landslip.runtime.untrusted.printable import printable, shown
from landslip.runtime.untrusted.toml_file import read_file
from landslip.runtime.untrusted.xml_text import MOST_XML, parse_xml

_LONGEST = 4096
"""Most characters of a value."""
_REASON = 200


class OrderElement:
    """Element of a job order that knows where it stands."""

    def __init__(self, element: Element, way: str, path: Path) -> None:
        self._element, self._way, self._path = element, way, path

    @property
    def tag(self) -> str:
        """Name of the element."""
        return self._element.tag

    def child(self, name: str) -> OrderElement:
        """The child of that name.

        Raises:
            InputError: there is none, or there are several.
        """
        found = self.optional(name)
        if found is None:
            raise self.error(f"has no {name}", f"Add <{name}>.")
        return found

    def optional(self, *names: str) -> OrderElement | None:
        """The child that has one of these names; None where there is none.

        Raises:
            InputError: there are several.
        """
        found = [each for each in self._element if each.tag in names]
        if len(found) > 1:
            raise self.error(f"has {len(found)} elements {found[0].tag}", "Give one.")
        return self._of(found[0]) if found else None

    def entries(self, lists: str, name: str) -> tuple[OrderElement, ...]:
        """Elements of a list; none where there is no list.

        Raises:
            InputError: their number is not the one that the list states.
        """
        listed = self.optional(lists)
        if listed is None:
            return ()
        found = tuple(listed.children(name))
        stated = listed.attribute("count")
        if stated is not None and stated.strip() != str(len(found)):
            raise listed.error(f"states count={shown(stated)} and holds {len(found)} {name}", "Correct one of the two.")
        return found

    def children(self, *names: str) -> Iterator[OrderElement]:
        """Children of these names, or all, in their order."""
        return (self._of(each) for each in self._element if not names or each.tag in names)

    def attribute(self, name: str) -> str | None:
        """An attribute; None where there is none."""
        return self._element.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Text of the child of that name, without space around it.

        Args:
            name: the child.
            default: what is taken where there is no child.

        Raises:
            InputError: there is none and no default, or it holds more than a short text of one line.
        """
        found = self.optional(name)
        if found is None and default is not None:
            return default
        return self.child(name).value()

    def value(self) -> str:
        """Text of the element itself.

        Raises:
            InputError: it is too long, or holds characters that do not print.
        """
        text = (self._element.text or "").strip()
        if len(text) > _LONGEST or not text.isprintable():
            raise self.error(f"holds {shown(text)}", f"Give up to {_LONGEST} characters on one line.")
        return text

    def flag(self, name: str) -> bool:
        """Value of a switch: false where there is none.

        Raises:
            InputError: it is neither true nor false.
        """
        text = self.text(name, "false").lower()
        if text not in {"true", "1", "false", "0", "yes", "no", "on", "off", ""}:
            raise self.child(name).error(f"is {shown(text)}", "Write true or false.")
        return text in {"true", "1", "yes", "on"}

    def number(self, name: str) -> float | None:
        """Value of a number of 0 or more; None where there is none.

        Raises:
            InputError: it is none.
        """
        text = self.text(name, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e15:
            raise self.child(name).error(f"is {shown(text)}", "Give a number of 0 or more.")
        return value

    def span(self, name: str) -> TimeSpan | None:
        """Span of time of the child of that name; None where there is none.

        Raises:
            InputError: it is none.
        """
        found = self.optional(name)
        return None if found is None else found.own_span()

    def own_span(self) -> TimeSpan:
        """Span of time of the element itself, from Start to Stop.

        Raises:
            InputError: it is none.
        """
        start, stop = self.text("Start"), self.text("Stop")
        try:
            return parsed_span(start, stop)
        except ValueError as error:
            raise self.error(f"is {shown(start)} to {shown(stop)}", f"Correct it: {error}.") from error

    def error(self, found: str, remedy: str) -> InputError:
        """An error about this element."""
        return InputError(f"{self._path}: {self._way} {found}.", remedy, where=self._path)

    def _of(self, element: Element) -> OrderElement:
        return OrderElement(element, f"{self._way}/{printable(element.tag, 80)}", self._path)


def read_order_xml(path: Path) -> OrderElement:
    """The root of a job order.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be read, or is no XML within bounds.
    """
    try:
        root = parse_xml(read_file(path, "a job order", MOST_XML + 1))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"{path} is not a job order: {printable(str(error), _REASON)}.",
            "Give a well-formed XML file without a document type.",
            where=path,
        ) from error
    return OrderElement(root, printable(root.tag, 80), path)
