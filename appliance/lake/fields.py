"""Columns of a Delta table, as the library describes them and as Polars does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl
from deltalake import Field
from deltalake.schema import ArrayType, PrimitiveType

from appliance.lake.layout import TIME
from appliance.lake.shares import LISTS

_TYPES: Mapping[pl.DataType, str] = {
    pl.String(): "string",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Int8(): "byte",
    pl.Int32(): "integer",
    pl.Int64(): "long",
    pl.Boolean(): "boolean",
    TIME: "timestamp",
}
_KINDS = {name: kind for kind, name in _TYPES.items()}
_SENSORS = "kizashi.sensors"
"""What a column of lists tells beside its type: whose values stand in them, as JSON."""


def single(name: str, kind: pl.DataType) -> Field:
    """Return a column of one value a row."""
    return Field(name, PrimitiveType(_TYPES[kind]), nullable=True)


def listed(name: str, sensors: Sequence[str]) -> Field:
    """Return a column of lists, which tells whose values stand in them."""
    kind = ArrayType(PrimitiveType(_TYPES[pl.Float32()]), contains_null=True)
    told = json.dumps(list(sensors), ensure_ascii=False)
    return Field(name, kind, nullable=True, metadata={_SENSORS: told})


def columns_of(fields: Sequence[Field], without: Sequence[str]) -> dict[str, pl.DataType]:
    """Return names and types of all columns that are known, less some."""
    return {
        field.name: _KINDS[field.type.type] if isinstance(field.type, PrimitiveType) else LISTS
        for field in fields
        if field.name not in without
        and (isinstance(field.type, PrimitiveType) or _SENSORS in field.metadata)
    }


def lists_of(fields: Sequence[Field]) -> dict[str, tuple[str, ...]]:
    """Return the columns of lists, and whose values stand in them."""
    return {
        field.name: tuple(json.loads(field.metadata[_SENSORS]))
        for field in fields
        if _SENSORS in field.metadata
    }
