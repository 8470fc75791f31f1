"""XML of others: read without namespaces, and refused where it is not plain."""

from __future__ import annotations

import pytest

from landslip.runtime.untrusted import xml_text
from landslip.runtime.untrusted.xml_text import parse_xml

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>"""


def test_namespaces_are_left_out():
    root = parse_xml(b'<n1:a xmlns:n1="https://x" n1:k="1"><n1:b>text</n1:b><b>\xc3\xa4</b></n1:a>')
    assert (root.tag, root.attrib) == ("a", {"k": "1"})
    assert [each.text for each in root.iter("b")] == ["text", "\u00e4"]


@pytest.mark.parametrize("content", [BOMB, FILE, b"<!DOCTYPE a><a/>"])
def test_a_document_type_is_refused(content):
    with pytest.raises(ValueError, match="declares a document type"):
        parse_xml(content)


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a></b>", b"\x89PNG", b"<a>&x;</a>", b'<?xml version="1.0" encoding="x-none"?><a/>']
)
def test_damaged_text_is_refused(content):
    with pytest.raises(ValueError, match=r"."):
        parse_xml(content)


def test_bounds(monkeypatch):
    assert parse_xml(b"<a>" * 64 + b"</a>" * 64).tag == "a"
    with pytest.raises(ValueError, match="levels deep"):
        parse_xml(b"<a>" * 65 + b"</a>" * 65)
    monkeypatch.setattr(xml_text, "MOST_XML", 10)
    with pytest.raises(ValueError, match="larger than"):
        parse_xml(b"<a>01234567</a>")
