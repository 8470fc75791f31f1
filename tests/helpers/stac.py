"""Validates STAC items offline: by the schemas that PySTAC distributes, and by the MLM extension's own package.

``stac-model`` is the extension's definition as pydantic models, from the repository of the extension. The 0.6 series is
that of MLM 1.5.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from pydantic import ValidationError
from referencing import Registry, Resource
from stac_model.schema import MLModelProperties

_SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
_MLM = "https://stac-extensions.github.io/mlm/v1.5"
_ITEM = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"


def problems(item: dict[str, Any]) -> list[str]:
    """What the core schema and those of its extensions find wrong with an item."""
    declared = item.get("stac_extensions", ())
    by_schema = (_ITEM, *(uri for uri in declared if not uri.startswith(_MLM)))
    found = [
        f"{uri.split('/', 3)[-1]} {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for uri in by_schema
        for error in _validator(uri).iter_errors(item)
    ]
    return found + (_mlm_problems(item) if len(by_schema) == len(declared) else ["the MLM extension is not declared"])


def _mlm_problems(item: dict[str, Any]) -> list[str]:
    found = [
        f"asset {key}: a model needs {field}"
        for key, asset in item["assets"].items()
        for field in ("mlm:artifact_type", "title", "type")
        if "mlm:model" in asset.get("roles", ()) and field not in asset
    ]
    if not any("mlm:model" in asset.get("roles", ()) for asset in item["assets"].values()):
        found.append("no asset has the role mlm:model")
    try:
        MLModelProperties.model_validate(item["properties"])
    except ValidationError as error:
        found += [f"{'/'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()]
    return found


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
