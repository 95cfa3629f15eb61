"""Scoring readings: frames as the lake gives them in, scores and sensor faults out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.calendar.masks import Masks
from appliance.core.errors import NotFound
from appliance.fleet.artifact import MANIFEST, Artifact
from appliance.fleet.chunks import Columns, assets_of
from appliance.fleet.frames import TIME
from appliance.fleet.judgements import EXPLAINED_FROM, Judged, SensorFault
from appliance.fleet.judging import AssetModel
from appliance.fleet.series import Mask, Rows, micro
from appliance.lake.shares import SHARES, pack, unpack
from appliance.objects import is_remote
from appliance.schemas.manifest import AssetManifest, FleetManifest
from appliance.schemas.score import Judgement, share_column

Span = tuple[datetime, datetime]

CONTRIBUTION = "contribution:"
EXPECTED = "expected:"
EXPECTED_LOW = "expected_low:"
EXPECTED_HIGH = "expected_high:"
FAULTS: dict[str, pl.DataType] = {
    "asset": pl.String(),
    "sensor": pl.String(),
    "kind": pl.String(),
    "start": TIME,
    "end": TIME,
}
"""Columns of a frame of sensor faults; ``kind`` is missing, frozen or out of limits."""
_KEPT_MODELS = 64


class Models:
    """The asset models of an artifact, built when first asked for."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.manifest = artifact.manifest
        recipe = self.manifest.recipe
        self.columns = Columns.of(recipe, self.manifest.sensors, self.manifest.context)
        self._place = {name: i for i, name in enumerate(self.manifest.sensors)}
        self.get = lru_cache(maxsize=_KEPT_MODELS)(self._build)

    def _build(self, asset: str) -> AssetModel:
        return AssetModel(self.entry(asset), self.artifact.arrays(asset), self.manifest.recipe)

    def entry(self, asset: str) -> AssetManifest:
        """Return what an asset is judged by; raises `NotFound` if there is nothing."""
        entry = self.manifest.of(asset)
        if entry is None:
            raise NotFound(f"there is no model of {asset}.")
        return entry

    def rows_for(self, asset: str, rows: Rows) -> Rows:
        """Return rows with the sensors of one asset's model, from rows with the fleet's."""
        used = self.entry(asset).sensors
        if used == self.manifest.sensors:
            return rows
        index = np.array([self._place[name] for name in used], np.int64)
        return rows.of(rows.sensors[index])


def score_frame(
    models: Models,
    frame: pl.DataFrame,
    *,
    explain: bool = True,
    masks: Masks | None = None,
    extents: Mapping[str, Span] | None = None,
    live: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Score a frame as the lake gives it.

    Parameters
    ----------
    frame
        Columns asset, time, sensors and context; each asset's rows together in time order.
    explain
        Also give shares.
    masks
        Stretches that the calendar takes out: not judged, and no part of the series.
    extents
        By asset, its first and last reading of all, where the frame holds only a part.
    live
        Judge every row by what is known when it arrives.

    Returns
    -------
    scores
        The columns of `schemas.score.FIXED` and one share a sensor, a row for every row of
        the frame.
    faults
        The columns of `FAULTS`.
    """
    scores, faults = score_packed(
        models, frame, explain=explain, masks=masks, extents=extents, live=live
    )
    if not explain:
        return scores, faults
    names = list(map(share_column, models.manifest.sensors))
    shares = unpack(scores[SHARES], range(len(names)))
    columns = [values.alias(name) for name, values in zip(names, shares, strict=True)]
    return scores.drop(SHARES).with_columns(columns), faults


def score_packed(
    models: Models,
    frame: pl.DataFrame,
    *,
    explain: bool = True,
    masks: Masks | None = None,
    extents: Mapping[str, Span] | None = None,
    live: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Score a frame as `score_frame` does; shares come as one column of lists, `SHARES`."""
    rows = frame.height
    surprise = np.full(rows, np.nan, np.float32)
    alarm = np.zeros(rows, bool)
    state = np.full(rows, Judgement.NO_MODEL, np.int8)
    masked = np.zeros(rows, bool)
    coverage = np.zeros(rows, np.float32)
    shares = _Shares(models)
    faults: list[tuple[str, SensorFault]] = []
    last = {asset: micro(end) for asset, (_, end) in (extents or {}).items()}
    for found in assets_of(frame, models.columns, masks):
        place = found.place
        if found.masked is not None:
            masked[place] = found.masked
        if models.manifest.of(found.asset) is None:
            continue
        judged = models.get(found.asset).judge(
            models.rows_for(found.asset, found.rows),
            explain=explain,
            goes_on=found.rows.times[-1] < last.get(found.asset, 0),
            live=live,
        )
        surprise[place] = judged.surprise
        alarm[place] = judged.alarm
        state[place] = judged.state
        coverage[place] = judged.coverage
        shares.take(found.asset, found.first, judged)
        faults += [(found.asset, fault) for fault in judged.faults]
    state[masked] = Judgement.MAINTENANCE
    numbers = {"surprise": surprise, "alarm": alarm, "state": state, "coverage": coverage}
    columns = [pl.Series(name, values, nan_to_null=True) for name, values in numbers.items()]
    columns += [shares.packed(rows).alias(SHARES)] if explain else []
    scores = frame.select("asset", "time").with_columns(columns)
    return scores if extents is None else settled(scores, extents), fault_frame(faults)


class _Shares:
    """Gathers the shares of those rows that have some."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._sensors = len(models.manifest.sensors)
        self._at: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float32]] = []

    def take(self, asset: str, first: int, judged: Judged) -> None:
        """Take what was said of an asset whose rows begin at a row of the frame."""
        if judged.shares is None:
            return
        at = np.flatnonzero(judged.surprise >= EXPLAINED_FROM)
        own = np.full((self._sensors, len(at)), np.nan, np.float32)
        _put(self._models, asset, judged.shares[:, at], own)
        self._at.append(first + at)
        self._values.append(own.T)

    def packed(self, rows: int) -> pl.Series:
        """Return the lists of all rows."""
        if not self._at:
            return pack(np.zeros((0, self._sensors), np.float32), np.arange(0), rows)
        return pack(np.concatenate(self._values), np.concatenate(self._at), rows)


def _put(
    models: Models, asset: str, given: NDArray[np.floating], out: NDArray[np.floating]
) -> None:
    used = models.entry(asset).sensors
    if used == models.manifest.sensors:
        out[:] = given
        return
    for name, values in zip(used, given, strict=True):
        out[models.manifest.sensors.index(name)] = values


def worded(
    scores: pl.DataFrame, manifest: FleetManifest, *, contributions: bool
) -> pl.DataFrame:
    """Return the columns of scores as analysts see them: states as words, shares by name."""
    names = {state.value: state.name.lower() for state in Judgement}
    return scores.select(
        "surprise",
        "alarm",
        pl.col("state").replace_strict(names, return_dtype=pl.String),
        "coverage",
        *(
            pl.col(share_column(name)).alias(CONTRIBUTION + name)
            for name in (manifest.sensors if contributions else ())
        ),
    )


def expected_frame(
    models: Models, frame: pl.DataFrame, unknown: Mask, *, interval: bool = False
) -> pl.DataFrame:
    """Return what normal would have been, a column ``expected:SENSOR`` each.

    Parameters
    ----------
    unknown
        Shape (n_sensors, n_rows), sensors as in the manifest: see `AssetModel.expected`.
    interval
        Also give the columns ``expected_low:SENSOR`` and ``expected_high:SENSOR``.
    """
    names = models.manifest.sensors
    middle = np.full((len(names), frame.height), np.nan)
    width = np.full_like(middle, np.nan)
    for found in assets_of(frame, models.columns):
        if models.manifest.of(found.asset) is None:
            continue
        index = [names.index(name) for name in models.entry(found.asset).sensors]
        rows = models.rows_for(found.asset, found.rows)
        hidden = unknown[:, found.place][index]
        given = models.get(found.asset).expected(rows, hidden)
        _put(models, found.asset, given.middle, middle[:, found.place])
        _put(models, found.asset, given.width, width[:, found.place])
    tables = {EXPECTED: middle}
    if interval:
        tables |= {EXPECTED_LOW: middle - width, EXPECTED_HIGH: middle + width}
    return pl.DataFrame(
        [
            pl.Series(prefix + name, row, nan_to_null=True)
            for prefix, table in tables.items()
            for name, row in zip(names, table, strict=True)
        ]
    )


def fault_frame(faults: Sequence[tuple[str, SensorFault]]) -> pl.DataFrame:
    """Return sensor faults as a frame."""
    rows = [(asset, f.sensor, f.kind, f.start, f.end) for asset, f in faults]
    raw = {**FAULTS, "start": pl.Int64(), "end": pl.Int64()}
    return pl.DataFrame(rows, schema=raw, orient="row").cast({"start": TIME, "end": TIME})


def opened(folder: str, digest: str) -> Models:
    """Open an artifact once a process, and again when it is another one."""
    # A folder's file may be put back; what is on S3 is written once.
    changed = 0 if is_remote(folder) else (Path(folder) / MANIFEST).stat().st_mtime_ns
    return _opened(folder, digest, changed)


@lru_cache(maxsize=4)
def _opened(folder: str, digest: str, changed: int) -> Models:  # noqa: ARG001 - part of the key
    return Models(Artifact(folder))


def settled(scores: pl.DataFrame, extents: Mapping[str, Span]) -> pl.DataFrame:
    """Return scores whose states know that an asset has readings beyond those scored.

    Where a gap reaches out of what was read, the last rows before it look as if more could
    still refine them, and the first after it as if nothing had ever been before.

    Parameters
    ----------
    extents
        By asset, its first and last reading of all.
    """
    asset, time, state = pl.col("asset"), pl.col("time"), pl.col("state")
    ends = [
        asset.replace_strict(
            {name: extent[side] for name, extent in extents.items()},
            default=None,
            return_dtype=TIME,
        )
        for side in (0, 1)
    ]
    earlier = (time.min().over("asset") > ends[0]).fill_null(value=False)
    later = (time.max().over("asset") < ends[1]).fill_null(value=False)
    known = (
        pl.when((state == Judgement.TOO_YOUNG) & earlier)
        .then(pl.lit(Judgement.GAP, pl.Int8))
        .when((state == Judgement.PROVISIONAL) & later)
        .then(pl.lit(Judgement.FINAL, pl.Int8))
        .otherwise(state)
    )
    return scores.with_columns(known.alias("state"))


def inside(spans: Mapping[str, Span]) -> pl.Expr:
    """Return the filter of rows within their asset's closed range."""
    return _by_asset(spans, pl.col("time"), pl.col("time"))


def touching(spans: Mapping[str, Span]) -> pl.Expr:
    """Return the filter of ranges that touch their asset's closed range."""
    return _by_asset(spans, pl.col("start"), pl.col("end"))


def _by_asset(spans: Mapping[str, Span], first: pl.Expr, last: pl.Expr) -> pl.Expr:
    low = {asset: span[0] for asset, span in spans.items()}
    high = {asset: span[1] for asset, span in spans.items()}
    asset = pl.col("asset")
    begin = asset.replace_strict(low, default=None, return_dtype=TIME)
    end = asset.replace_strict(high, default=None, return_dtype=TIME)
    return ((last >= begin) & (first <= end)).fill_null(value=False)
