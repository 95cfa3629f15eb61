"""Examples for the API's document, put together from those of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6
_BY_FORMAT = {
    "date-time": "2026-03-01T08:00:00Z",
    "date": "2026-03-01",
    "duration": "PT8H",
    "password": "a few words are easy",
}
_BY_TYPE: Mapping[str, Any] = {"boolean": True, "null": None, "string": "text"}


class Examples:
    """Makes examples of schemas.

    Parameters
    ----------
    schemas
        Those that others refer to, by name.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, Any], *, short: bool = False, deep: int = 0) -> Any:
        """Return an example of a schema.

        Parameters
        ----------
        short
            Only with what must be named, and what has an example of its own.
        """
        if "$ref" in schema:
            named = self._schemas[schema["$ref"].rpartition("/")[2]]
            return self.of(named, short=short, deep=deep + 1)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("default") is not None:
            return schema["default"]
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self._first(schema[choice], short, deep)
        return self._of_type(schema, short, deep)

    def _first(self, choices: list[Any], short: bool, deep: int) -> Any:
        told = [choice for choice in choices if choice.get("type") != "null"]
        return self.of(told[0], short=short, deep=deep) if told else None

    def _of_type(self, schema: Mapping[str, Any], short: bool, deep: int) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema, short, deep)
        if kind == "array":
            return self._array(schema, short, deep)
        if kind in {"integer", "number"}:
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        if kind == "string" and "format" in schema:
            return _BY_FORMAT.get(schema["format"], "text")
        return _BY_TYPE.get(str(kind), {})

    def _object(self, schema: Mapping[str, Any], short: bool, deep: int) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self.of(part, short=short, deep=deep + 1)
            for name, part in schema.get("properties", {}).items()
            if name in required or (deep < _DEEPEST and not (short and "examples" not in part))
        }

    def _array(self, schema: Mapping[str, Any], short: bool, deep: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.of(part, short=short, deep=deep + 1) for part in schema["prefixItems"]]
        if deep >= _DEEPEST and not schema.get("minItems"):
            return []
        one = self.of(schema.get("items", {"type": "string"}), short=short, deep=deep + 1)
        return [one] * max(1, schema.get("minItems", 1))
