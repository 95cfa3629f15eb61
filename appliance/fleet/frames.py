"""Users' frames in and out: which column is what, whatever library the frame is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import polars as pl
import polars.selectors as cs

from appliance.core.errors import InvalidRequest
from appliance.fleet.basis import MOST_LEVELS
from appliance.schemas.manifest import FleetManifest, TimeKind

ROW = "__row__"
TIME = pl.Datetime("us", "UTC")
CYCLE_MICRO = 3_600 * 1_000_000
"""A cycle counter has no clock: cycle n is kept as 2000-01-01 00:00 UTC plus n hours."""
_CYCLE_ORIGIN = 946_684_800_000_000

_ASSET_NAMES = (
    "asset", "asset_id", "unit", "unit_id", "unit_number", "machine", "machine_id", "machineid",
    "equipment", "equipment_id", "device", "device_id", "engine", "engine_id",
)  # fmt: skip
_TIME_NAMES = (
    "time", "timestamp", "datetime", "date", "ts", "cycle", "cycles", "time_cycles", "t",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Which column of a frame is what.

    Attributes
    ----------
    asset
        None: the whole frame is one asset, called ``asset``.
    time
        None: rows are counted.
    levels
        Numbers that stand for the words of a context column.
    notes
        What was guessed or left aside.
    """

    asset: str | None
    time: str | None
    time_kind: TimeKind
    sensors: tuple[str, ...]
    context: tuple[str, ...] = ()
    levels: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def to_polars(frame: Any) -> pl.DataFrame:
    """Return a frame of any supported library as Polars.

    Raises
    ------
    InvalidRequest
        It is no frame, or a lazy one.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        table: pl.DataFrame = nw.from_native(frame, eager_only=True).to_polars()
    except TypeError as error:
        raise InvalidRequest(
            f"{type(frame).__name__} is not a frame that can be read.",
            remedy="Pass a Polars, pandas or Arrow table; collect a lazy one first.",
        ) from error
    return table


def with_columns(frame: Any, added: pl.DataFrame) -> Any:
    """Return the caller's frame, of its own kind, with columns added or replaced."""
    if isinstance(frame, pl.DataFrame):
        return frame.with_columns(added.get_columns())
    own = nw.from_native(frame, eager_only=True)
    new = nw.from_arrow(_plain(added), backend=own.implementation)
    return own.with_columns(*[new[name] for name in new.columns]).to_native()


def like(frame: Any, rows: pl.DataFrame) -> Any:
    """Return a Polars frame as the kind of the caller's frame."""
    if isinstance(frame, pl.DataFrame):
        return rows
    own = nw.from_native(frame, eager_only=True)
    return nw.from_arrow(_plain(rows), backend=own.implementation).to_native()


def _plain(frame: pl.DataFrame) -> Any:
    # Arrow's newer text layout is unknown to much of what reads Arrow tables.
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


# ---------------------------------------------------------------- layout
def guess(
    frame: pl.DataFrame, asset: str | None, time: str | None, context: Sequence[str]
) -> Layout:
    """Work out which column is what.

    Raises
    ------
    InvalidRequest
        A column named does not exist, or no sensor is left.
    """
    _require(frame, [n for n in (asset, time, *context) if n is not None])
    notes: list[str] = []
    given = {asset, time, *context}
    if asset is None:
        asset = _named(frame, _ASSET_NAMES, given)
        if asset is not None:
            notes.append(f"column {asset!r} is taken as the asset")
    if time is None:
        time = _time_column(frame, {*given, asset})
        notes.append(
            f"column {time!r} is taken as the time" if time else "rows are counted as cycles"
        )
    taken = {asset, time, *context}
    sensors = [n for n in frame.select(cs.numeric() | cs.boolean()).columns if n not in taken]
    aside = [n for n in frame.columns if n not in taken and n not in sensors]
    if aside:
        notes.append(f"left aside, not numbers: {_listed(aside)}")
    if not sensors:
        raise InvalidRequest("the frame has no column of numbers to watch.")
    reserved = {"asset", "time", ROW} & {*sensors, *context}
    if reserved:
        raise InvalidRequest(
            f"a sensor cannot be called {min(reserved)!r}.", remedy="Rename the column."
        )
    kind: TimeKind = "cycle"
    if time is not None and not frame.schema[time].is_numeric():
        kind = "time"
    levels = {name: _levels(frame[name]) for name in context if _is_words(frame.schema[name])}
    return Layout(asset, time, kind, tuple(sensors), tuple(context), levels, tuple(notes))


def _require(frame: pl.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            raise InvalidRequest(
                f"there is no column {name!r}.", remedy=f"There are: {_listed(frame.columns)}."
            )


def layout_of(manifest: FleetManifest) -> Layout:
    """Return the layout that a model was trained with."""
    return Layout(
        asset=manifest.asset_column,
        time=manifest.time_column,
        time_kind=manifest.time_kind,
        sensors=manifest.sensors,
        context=manifest.context,
        levels=manifest.levels,
    )


def _named(frame: pl.DataFrame, names: Sequence[str], taken: set[str | None]) -> str | None:
    by_lower = {c.strip().lower().replace(" ", "_"): c for c in frame.columns if c not in taken}
    return next((by_lower[name] for name in names if name in by_lower), None)


def _time_column(frame: pl.DataFrame, taken: set[str | None]) -> str | None:
    moments = [n for n in frame.select(cs.temporal()).columns if n not in taken]
    return moments[0] if moments else _named(frame, _TIME_NAMES, taken)


def _is_words(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _levels(values: pl.Series) -> dict[str, int]:
    words = values.cast(pl.String).drop_nulls().unique().sort()
    if len(words) > MOST_LEVELS:
        raise InvalidRequest(
            f"context {values.name!r} has {len(words)} words, more than {MOST_LEVELS}.",
            remedy="A context is a quantity, or a mode with few names.",
        )
    return {str(word): number for number, word in enumerate(words)}


def _listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# ---------------------------------------------------------------- rows
def normalise(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Return a frame as the lake would hold it: asset, time, sensors, context, and `ROW`.

    Each asset's rows stand together in time order; `ROW` tells where a row came from.  A
    sensor or context that the frame has not is left out.

    Raises
    ------
    InvalidRequest
        The asset or time column is missing or has a hole.
    """
    for name, what in ((layout.asset, "asset"), (layout.time, "time")):
        if name is not None and name not in frame.columns:
            raise InvalidRequest(
                f"there is no column {name!r}, which tells the {what}.",
                remedy=f"There are: {_listed(frame.columns)}.",
            )
    wanted = [c for c in (*layout.sensors, *layout.context) if c in frame.columns]
    out = frame.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW),
        _asset(frame, layout.asset).alias("asset"),
        _times(frame, layout).alias("time"),
        *[_number(frame, name, layout).alias(name) for name in wanted],
    )
    for name in ("asset", "time"):
        hole = out[name].null_count()
        if hole:
            row = int(out[name].is_null().arg_max() or 0)
            shown = layout.asset if name == "asset" else layout.time
            raise InvalidRequest(
                f"column {shown!r} has no value in {hole} rows, first in row {row}.",
                remedy="Drop these rows.",
            )
    unit, moment = pl.col("asset"), pl.col("time")
    rising = (unit > unit.shift()) | ((unit == unit.shift()) & (moment >= moment.shift()))
    if not out.select(rising.all()).item():
        out = out.sort("asset", "time", maintain_order=True)
    return out


def _asset(frame: pl.DataFrame, name: str | None) -> pl.Expr:
    if name is None:
        return pl.lit("asset")
    values = frame[name]
    if values.dtype.is_float() and bool((values == values.round()).all()):
        # Numbers of machines, as a library that knows no missing integers holds them.
        return pl.col(name).cast(pl.Int64).cast(pl.String)
    return pl.col(name).cast(pl.String)


def _times(frame: pl.DataFrame, layout: Layout) -> pl.Expr:
    if layout.time is None:
        count = pl.int_range(pl.len(), dtype=pl.Int64)
        if layout.asset is not None:
            count = count.over(layout.asset)
        return (count * CYCLE_MICRO + _CYCLE_ORIGIN).cast(TIME)
    column, kind = pl.col(layout.time), frame.schema[layout.time]
    if kind.is_numeric():
        micro = (column.cast(pl.Float64) * CYCLE_MICRO).round() + _CYCLE_ORIGIN
        return micro.cast(pl.Int64, strict=False).cast(TIME)
    if isinstance(kind, pl.String):
        texts = frame[layout.time]
        try:
            parsed = texts.str.to_datetime(time_unit="us", strict=True)
        except pl.exceptions.PolarsError as error:
            raise InvalidRequest(
                f"the texts in column {layout.time!r} are not times that can be read.",
                remedy="Turn them into datetimes first.",
            ) from error
        column, kind = pl.lit(parsed), parsed.dtype
    if isinstance(kind, pl.Date):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if not isinstance(kind, pl.Datetime):
        raise InvalidRequest(f"column {layout.time!r} holds {kind}, which is no time.")
    if kind.time_zone is None:
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.dt.convert_time_zone("UTC").cast(TIME)


def _number(frame: pl.DataFrame, name: str, layout: Layout) -> pl.Expr:
    column, kind = pl.col(name), frame.schema[name]
    if name in layout.levels:
        known = layout.levels[name]
        # A word never seen keeps a number of its own, so that it is told from a missing one.
        codes = column.cast(pl.String).replace_strict(known, default=len(known))
        return pl.when(column.is_null()).then(None).otherwise(codes).cast(pl.Float64)
    if kind in (pl.Float32, pl.Float64):
        return column
    small = (pl.Boolean, pl.Int8, pl.Int16, pl.UInt8, pl.UInt16)
    return column.cast(pl.Float32 if kind in small else pl.Float64, strict=False)


def restore_times(times: pl.Series, kind: TimeKind) -> pl.Series:
    """Return times as the caller counts them: moments, or cycles."""
    if kind == "time":
        return times
    return (times.cast(pl.Int64) - _CYCLE_ORIGIN) / CYCLE_MICRO
