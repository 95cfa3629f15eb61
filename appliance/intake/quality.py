"""How good the data of a batch are: by sensor and by asset, and over many batches.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from appliance.schemas.ingest import AssetQuality, SensorQuality

GAP_INTERVALS = 5
"""A distance of more than so many sampling intervals is a gap."""
Limits = Mapping[str, tuple[float | None, float | None]]


# ---------------------------------------------------------------- sensors
def measure_sensors(frame: pl.DataFrame, limits: Limits) -> list[SensorQuality]:
    """Measure each sensor of a frame sorted by asset and time.

    Parameters
    ----------
    frame
        ``asset``, ``time`` and float columns.
    limits
        Lower and upper limit by sensor, where known.
    """
    names = [name for name in frame.columns if name not in ("asset", "time")]
    if not names or frame.is_empty():
        return []
    assets = frame["asset"]
    starts = None
    if assets[0] != assets[-1]:
        starts = (assets != assets.shift()).fill_null(value=True).arg_true().to_numpy()

    def one(name: str) -> SensorQuality:
        return _measure_sensor(frame[name], starts, limits.get(name, (None, None)))

    if frame.height * len(names) < 200_000:
        return [one(name) for name in names]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, names))


def _measure_sensor(
    values: pl.Series,
    starts: npt.NDArray[np.uint32] | None,
    limits: tuple[float | None, float | None],
) -> SensorQuality:
    missing = values.null_count()
    lower, upper = limits
    out = 0
    if lower is not None:
        out += int((values < lower).sum())
    if upper is not None:
        out += int((values > upper).sum())
    return SensorQuality(
        sensor=values.name,
        rows=len(values),
        missing=missing,
        longest_stuck=_longest_run(values, starts),
        out_of_limits=out,
        distinct=_distinct(values, missing),
        minimum=_number(values.min()),
        median=_median(values),
        maximum=_number(values.max()),
    )


def _distinct(values: pl.Series, missing: int) -> int:
    count = int(values.to_frame().select(pl.first().approx_n_unique()).item())
    return max(count - (missing > 0), 0)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _median(values: pl.Series) -> float | None:
    """Return the median of what is there, without sorting it all."""
    known = values.drop_nulls().to_numpy()
    if not len(known):
        return None
    half = len(known) // 2
    parted = np.partition(known, half)
    if len(known) % 2:
        return float(parted[half])
    return (float(parted[:half].max()) + float(parted[half])) / 2


def _longest_run(values: pl.Series, starts: npt.NDArray[np.uint32] | None) -> int:
    """Most equal values in sequence on one asset; missing ones are passed over."""
    if not len(values) - values.null_count():
        return 0
    known = np.ones(0, dtype=bool)
    if values.null_count():
        known = values.is_not_null().to_numpy()
        numbers = values.drop_nulls().to_numpy()
    else:
        numbers = values.to_numpy()
    new = np.empty(len(numbers), dtype=bool)
    new[0] = True
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    if starts is not None:
        if len(known):
            # The first known value of each asset, by its place among the known ones.
            places = np.concatenate(([0], np.cumsum(known)))[starts]
            new[places[places < len(new)]] = True
        else:
            new[starts] = True
    if new.all():
        return 1
    edges = np.append(np.flatnonzero(new), len(new))
    return int(np.diff(edges).max())


def merge_sensors(found: Iterable[SensorQuality]) -> list[SensorQuality]:
    """Join the quality of parts or batches, sensor by sensor, in the order they came."""
    groups: dict[str, list[SensorQuality]] = {}
    for quality in found:
        groups.setdefault(quality.sensor, []).append(quality)
    return [_merge_sensor(name, group) for name, group in groups.items()]


def _merge_sensor(name: str, group: Sequence[SensorQuality]) -> SensorQuality:
    if len(group) == 1:
        return group[0]
    lows = [q.minimum for q in group if q.minimum is not None]
    highs = [q.maximum for q in group if q.maximum is not None]
    middles = [(q.median, q.rows - q.missing) for q in group if q.median is not None]
    return SensorQuality(
        sensor=name,
        rows=sum(q.rows for q in group),
        missing=sum(q.missing for q in group),
        longest_stuck=max(q.longest_stuck for q in group),
        out_of_limits=sum(q.out_of_limits for q in group),
        distinct=max(q.distinct for q in group),
        minimum=min(lows, default=None),
        median=_weighted_median(middles),
        maximum=max(highs, default=None),
    )


def _weighted_median(pairs: Sequence[tuple[float, int]]) -> float | None:
    total = sum(weight for _, weight in pairs)
    seen = 0
    for value, weight in sorted(pairs):
        seen += weight
        if 2 * seen >= total:
            return value
    return None


# ---------------------------------------------------------------- assets
def measure_assets(
    frame: pl.DataFrame, disorder: pl.DataFrame, last: Mapping[str, datetime]
) -> list[AssetQuality]:
    """Measure the sampling of each asset in a frame sorted by asset and time.

    Parameters
    ----------
    disorder
        What `arrange` counted before sorting.
    last
        Last time of each asset in the part before, so that a gap between parts is seen.
    """
    times = frame.select("asset", "time").with_columns(before=pl.lit(value=False))
    present = frame["asset"].unique().to_list() if last else []
    known = [(asset, last[asset]) for asset in present if asset in last]
    if known:
        schema = {"asset": pl.String(), "time": frame.schema["time"]}
        earlier = pl.DataFrame(known, schema=schema, orient="row")
        times = pl.concat([earlier.with_columns(before=pl.lit(value=True)), times]).sort(
            "asset", "time", maintain_order=True
        )
    same = pl.col("asset") == pl.col("asset").shift()
    times = times.with_columns(
        step=pl.when(same).then(pl.col("time").diff().dt.total_microseconds() / 1e6)
    )
    positive = pl.col("step").filter(pl.col("step") > 0)
    gap = positive > GAP_INTERVALS * positive.median()
    found = (
        times.group_by("asset", maintain_order=True)
        .agg(
            rows=(~pl.col("before")).sum(),
            interval_seconds=positive.median(),
            gaps=gap.sum(),
            longest_gap_seconds=positive.filter(gap).max().fill_null(0.0),
        )
        .join(disorder, on="asset", how="full", coalesce=True)
    )
    counts = ("rows", "gaps", "longest_gap_seconds", *disorder.columns[1:])
    found = found.with_columns(pl.col(counts).fill_null(0))
    return [AssetQuality.model_validate(row) for row in found.iter_rows(named=True)]


def merge_assets(found: Iterable[AssetQuality]) -> list[AssetQuality]:
    """Join the sampling of parts or batches, asset by asset."""
    groups: dict[str, list[AssetQuality]] = {}
    for quality in found:
        groups.setdefault(quality.asset, []).append(quality)
    return [_merge_asset(name, groups[name]) for name in sorted(groups)]


def _merge_asset(name: str, group: Sequence[AssetQuality]) -> AssetQuality:
    if len(group) == 1:
        return group[0]
    intervals = [(q.interval_seconds, q.rows) for q in group if q.interval_seconds is not None]
    return AssetQuality(
        asset=name,
        rows=sum(q.rows for q in group),
        interval_seconds=_weighted_median(intervals),
        gaps=sum(q.gaps for q in group),
        longest_gap_seconds=max(q.longest_gap_seconds for q in group),
        jumps_back=sum(q.jumps_back for q in group),
        duplicates=sum(q.duplicates for q in group),
        clock_changes=sum(q.clock_changes for q in group),
    )
