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
_BY_NAME: Mapping[str, str] = {
    "answered_by": "erika",
    "asset": "P-3",
    "backtest": "bt_06c2m1x8ydk4zq2v7r0n",
    "batch": "bat_06c2m1x8ydk4zq2v7r0n",
    "by": "erika",
    "code_version": "0.2.0",
    "column": "speed",
    "created_by": "erika",
    "cron": "0 3 * * 1",
    "detector": "mahalanobis",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "end": "2026-03-01T16:00:00Z",
    "event": "evt_06c2m1x8ydk4zq2v7r0n",
    "fleet": "pumps",
    "job": "job_06c2m1x8ydk4zq2v7r0n",
    "last_job": "job_06c2m1x8ydk4zq2v7r0n",
    "level": "info",
    "month": "2026-03",
    "next": "WyJwdW1wcyJd",
    "note": "The seal is worn.",
    "owner": "erika",
    "pipeline": "train",
    "project": "default",
    "promoted_by": "erika",
    "recipe": "mahalanobis",
    "rule": "FREQ=WEEKLY",
    "run": "job_06c2m1x8ydk4zq2v7r0n",
    "schedule": "weekly",
    "score_batch": "scb_06c2m1x8ydk4zq2v7r0n",
    "sensor": "vibration",
    "text": "The seal is worn.",
    "title": "Seal replaced",
    "updated_by": "erika",
    "verdict": "planned",
    "window": "win_06c2m1x8ydk4zq2v7r0n",
    "worker": "plant-1:4711",
    "zone": "Asia/Tokyo",
}
"""What fields of these names hold, where they say nothing themselves."""


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
            name: self._field(name, part, short, deep)
            for name, part in schema.get("properties", {}).items()
            if name in required or (deep < _DEEPEST and not (short and "examples" not in part))
        }

    def _field(self, name: str, schema: Mapping[str, Any], short: bool, deep: int) -> Any:
        told = (
            schema.keys() & {"examples", "enum", "const"} or schema.get("default") is not None
        )
        if name in _BY_NAME and not told and _is_text(schema):
            return _BY_NAME[name]
        return self.of(schema, short=short, deep=deep + 1)

    def _array(self, schema: Mapping[str, Any], short: bool, deep: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.of(part, short=short, deep=deep + 1) for part in schema["prefixItems"]]
        if deep >= _DEEPEST and not schema.get("minItems"):
            return []
        one = self.of(schema.get("items", {"type": "string"}), short=short, deep=deep + 1)
        return [one] * max(1, schema.get("minItems", 1))


def _is_text(schema: Mapping[str, Any]) -> bool:
    choices = schema.get("anyOf", [schema])
    return any(choice.get("type") == "string" and "enum" not in choice for choice in choices)
