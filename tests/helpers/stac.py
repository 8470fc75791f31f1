"""Validates STAC Items and Catalogs offline: by local schemas, and by the MLM extension's own package.

``stac-model`` is the extension's definition as pydantic models, from the repository of the extension. The 0.6 series is
that of MLM 1.5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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
_CATALOG = "https://schemas.stacspec.org/v1.1.0/catalog-spec/json-schema/catalog.json"


def problems(item: dict[str, Any]) -> list[str]:
    """What the core schema and those of its extensions find wrong with an item."""
    declared = item.get("stac_extensions", ())
    by_schema = [uri for uri in declared if not uri.startswith(_MLM)]
    found = _against(item, [_ITEM, *by_schema])
    return found + (_mlm_problems(item) if len(by_schema) < len(declared) else ["the MLM extension is not declared"])


def problems_of_a_run(item: dict[str, Any]) -> list[str]:
    """What the core schema and those of its extensions find wrong with the Item of a run."""
    return _against(item, [_ITEM, *item["stac_extensions"]])


def problems_of_a_catalog(catalog: dict[str, Any]) -> list[str]:
    """What the core schema finds wrong with a Catalog."""
    return _against(catalog, [_CATALOG])


def schema_files() -> dict[str, Path]:
    """The local copy of each schema by its address."""
    return {f"https://{path.relative_to(_SCHEMAS).as_posix()}": path for path in _SCHEMAS.rglob("*.json")}


def without(*keys: str | int) -> Callable[[Any], None]:
    """A change of an Item that removes the entry at the end of some keys and indices."""

    def change(item: Any) -> None:
        for key in keys[:-1]:
            item = item[key]
        del item[keys[-1]]

    return change


def having(*keys_and_value: Any) -> Callable[[Any], None]:
    """A change of an Item that gives the entry at the end of some keys and indices a value, which comes last."""
    *keys, last, value = keys_and_value

    def change(item: Any) -> None:
        for key in keys:
            item = item[key]
        item[last] = value

    return change


def _against(document: dict[str, Any], schemas: list[str]) -> list[str]:
    return [
        f"{uri.split('/', 3)[-1]} {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for uri in schemas
        for error in _validator(uri).iter_errors(document)
    ]


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
        (address, Resource.from_contents(json.loads(path.read_text("utf-8"))))
        for address, path in schema_files().items()
    )
