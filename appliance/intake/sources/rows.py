"""Rows of a database as a table, and their times as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from appliance.core.errors import SourceError

_PLAIN = (bool, int, float, str, datetime, date, time, timedelta)
_NESTED = (bytes, memoryview, list, tuple, dict)


def cells(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Return rows as a table: bytes and what is nested are left out."""
    columns = {}
    for place, name in enumerate(names):
        values = [row[place] for row in rows]
        first = next((value for value in values if value is not None), None)
        if not isinstance(first, _NESTED):
            columns[name] = _column(name, values, first)
    return pl.DataFrame(list(columns.values()))


def _column(name: str, values: list[Any], first: Any) -> pl.Series:
    """Return a column: decimals become floats, what is of no known kind its text."""
    if isinstance(first, Decimal):
        values = [None if value is None else float(value) for value in values]
    elif isinstance(first, datetime) and first.tzinfo is not None:
        values = [None if value is None else value.astimezone(UTC) for value in values]
    elif first is not None and not isinstance(first, _PLAIN):
        values = [None if value is None else str(value) for value in values]
    try:
        return pl.Series(name, values, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        return pl.Series(name, [None if value is None else str(value) for value in values])


def told(value: Any) -> dict[str, Any]:
    """Return a time as plain JSON.

    Raises
    ------
    SourceError
        It has no order of time.
    """
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return {"number": float(value) if isinstance(value, Decimal) else value}
    raise SourceError(
        f"the times are of the kind {type(value).__name__}, which has no order of time.",
        remedy="Name a column of times or numbers.",
    )


def moment(told: Mapping[str, Any]) -> Any:
    """Return a time that was told as plain JSON."""
    if "moment" in told:
        return datetime.fromisoformat(told["moment"])
    return date.fromisoformat(told["day"]) if "day" in told else told["number"]
