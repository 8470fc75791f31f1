"""Validates STAC items against the published schemas, which lie beside the tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource

_SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
_ITEM = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"


def problems(item: dict[str, Any]) -> list[str]:
    """What the core schema and those of its extensions find wrong with an item."""
    return [
        f"{uri.split('/', 3)[-1]} {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for uri in (_ITEM, *item.get("stac_extensions", ()))
        for error in _validator(uri).iter_errors(item)
    ]


@cache
def _validator(uri: str) -> Draft7Validator:
    # No retrieval: a schema that is not here is an error of the test, not a download.
    return Draft7Validator(_registry()[uri].contents, registry=_registry())


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resources(
        (
            f"https://{path.relative_to(_SCHEMAS).as_posix()}",
            Resource.from_contents(json.loads(path.read_text("utf-8"))),
        )
        for path in _SCHEMAS.rglob("*.json")
    )
