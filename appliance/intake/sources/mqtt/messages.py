"""What messages say: by their topic's levels and their payload."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from appliance.schemas.source import Mqtt

Said = tuple[str, str, str, float]
"""Time, asset, sensor and value."""
_LEVEL = re.compile(r"\{(\w+)\}")
_MOST_PAYLOAD, _MOST_FIELDS = 2**20, 1_000
_MILLISECONDS = 1e11
"""A number beyond it counts milliseconds: as seconds it would be in the year 5138."""
_EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
"""Times before and beyond come from clocks that were never set, or wrongly."""
_NOBODY = "machine"
_LONGEST_ASSET, _LONGEST_SENSOR = 200, 400


def wanted(topic: str) -> str:
    """Return what is subscribed to for a topic with names in braces."""
    return _LEVEL.sub("+", topic)


def said(origin: Mqtt, topic: str, payload: bytes, came: datetime) -> list[Said]:
    """Return what a message says; nothing if it says nothing that can be used.

    Parameters
    ----------
    came
        When: the time of what it says, where it tells none.
    """
    named = _named(origin.topic, topic)
    value = _parsed(payload)
    if named is None or value is None:
        return []
    sensor, asset = named.get("sensor", ""), named.get("asset", "")
    if origin.payload == "number":
        fields = {sensor: value}
    elif isinstance(value, dict) and len(value) <= _MOST_FIELDS:
        asset = str(value.pop(origin.asset, "")) if origin.asset else asset
        at = _time(value.pop(origin.time, None), came) if origin.time else came
        if at is None:
            return []
        came = at
        before = f"{sensor}." if sensor else ""
        fields = {f"{before}{name}": one for name, one in value.items()}
    else:
        return []
    asset = _name(asset, _LONGEST_ASSET) or _NOBODY
    return [
        (came.isoformat(), asset, clean, number)
        for name, one in fields.items()
        if (clean := _name(name, _LONGEST_SENSOR)) and (number := _number(one)) is not None
    ]


def readings(said: Sequence[Sequence[Any]], step: float) -> pl.DataFrame:
    """Return a row a value: of each sensor the last one in each step of time.

    Parameters
    ----------
    step
        Seconds.
    """
    schema = {"time": pl.String, "asset": pl.String, "tag": pl.String, "value": pl.Float64}
    micros = max(round(step * 1e6), 1)
    stamp = pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC").cast(pl.Int64)
    return (
        pl.DataFrame(list(said), schema=schema, orient="row")
        .with_columns(stamp)
        .sort("time", maintain_order=True)
        .with_columns((pl.col("time") // micros * micros).cast(pl.Datetime("us", "UTC")))
        .unique(["time", "asset", "tag"], keep="last", maintain_order=True)
    )


def _named(template: str, topic: str) -> dict[str, str] | None:
    """Return what a topic's levels name; None if it is not of the template."""
    asked, levels = template.split("/"), topic.split("/")
    if asked[-1] == "#":
        asked.pop()
        levels = levels[: len(asked)]
    if len(asked) != len(levels):
        return None
    found = {}
    for one, level in zip(asked, levels, strict=True):
        field = _LEVEL.fullmatch(one)
        if field is not None:
            found[field[1]] = level
        elif one not in ("+", level):
            return None
    return found


def _parsed(payload: bytes) -> Any:
    if len(payload) > _MOST_PAYLOAD:
        return None
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def _name(text: str, longest: int) -> str:
    """Return a name as every part of the site can hold it."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:longest]


def _number(value: Any) -> float | None:
    if not isinstance(value, (bool, int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _time(value: Any, came: datetime) -> datetime | None:
    """Return a time as a message tells it; None if it tells none that can be."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                return None
            at = at.astimezone(UTC)
        else:
            number = None if isinstance(value, bool) else _number(value)
            if number is None:
                return None
            seconds = number / 1000 if abs(number) > _MILLISECONDS else number
            at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if _EARLIEST <= at <= came + _AHEAD else None
