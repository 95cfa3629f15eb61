"""Readings and scores of assets for a chart or a notebook: no more rows than asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches

import polars as pl

from appliance.core.errors import InvalidRequest, LimitExceeded, NotFound
from appliance.lake import Readings, Scores
from appliance.lake.downsample import Method, downsample, extremes
from appliance.pipelines.overview import manifest_of, standing
from appliance.pipelines.site import Site
from appliance.schemas.model import ModelVersion
from appliance.schemas.score import FIXED, Judgement, share_column

MOST_READ = 60_000_000
"""Readings × sensors that one request may have read."""
MOST_GIVEN = 8_000_000
"""Cells that one request may be given."""
WIDTH = 800
"""Of a chart whose width is not said."""
_SHARES_AT_ONCE = 24
_KEYS = 2


@dataclass(frozen=True)
class Ask:
    """Which rows, and how many of them.

    Attributes
    ----------
    assets
        All of the fleet's if empty.
    start, end
        Half-open; unbounded where None.
    width
        Points that the chart is wide; all rows if None.
    method
        How rows are chosen, if there is a width.
    """

    assets: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    width: int | None = None
    method: Method = "minmax"

    def in_utc(self) -> Ask:
        """Return the same, with times as the lake has them."""
        start, end = (
            None if moment is None else moment.astimezone(UTC)
            for moment in (self.start, self.end)
        )
        return replace(self, start=start, end=end)


@dataclass(frozen=True)
class Scored:
    """Scores for a chart.

    Attributes
    ----------
    frame
        Asset, time, surprise (null where not judged), alarm, standing, threshold, and the
        shares of `sensors` under the names of `share_column`.
    sensors
        Those with the largest contributions, the largest first.
    """

    version: ModelVersion
    frame: pl.DataFrame
    sensors: tuple[str, ...]


# ---------------------------------------------------------------- readings
def readings(site: Site, fleet: str, ask: Ask, sensors: Sequence[str] = ()) -> pl.DataFrame:
    """Return readings: asset, time and one column a sensor, sorted.

    Parameters
    ----------
    sensors
        Columns; all of the fleet's if empty.  One text may name several, with commas.

    Raises
    ------
    NotFound
        The fleet has no readings, or no such asset.
    InvalidRequest
        There is no such sensor, or more points are asked for than are given.
    LimitExceeded
        More would have to be read than one request may.
    """
    held, ask = site.lake.readings(fleet), ask.in_utc()
    if not held.exists():
        raise NotFound(f"there is no fleet {fleet}.")
    names = _columns(held, sensors)
    assets = _assets(site, fleet, ask)
    rows = _affordable(held, ask, len(names))
    if ask.width is None:
        _givable(rows * (len(names) + _KEYS))
        return held.read(ask.assets or None, ask.start, ask.end, names)
    _givable(len(assets) * (len(names) + _KEYS) * min(2 * ask.width, max(rows, 1)))
    found = []
    for asset in assets:
        frame = held.read([asset], ask.start, ask.end, names)
        shown = downsample(frame.drop("asset"), ask.width, ask.method)
        found.append(shown.select(pl.lit(asset).alias("asset"), pl.all()))
    return pl.concat(found)


def _columns(held: Readings, sensors: Sequence[str]) -> list[str]:
    known = held.columns()
    if not sensors:
        return known
    wanted: dict[str, None] = {}
    for text in sensors:
        parts = [text] if text in known else [part.strip() for part in text.split(",")]
        for name in parts:
            if name not in known:
                near = get_close_matches(name, known, 3, 0.5)
                hint = f"Did you mean {', '.join(near)}?" if near else "List its sensors."
                raise InvalidRequest(f"there is no sensor {name[:200]!r}.", remedy=hint)
            wanted[name] = None
    return list(wanted)


def _assets(site: Site, fleet: str, ask: Ask) -> list[str]:
    if not ask.assets:
        return [one.name for one in site.intake.assets.list(fleet)]
    wanted = list(dict.fromkeys(ask.assets))
    known = {one.name for one in site.intake.assets.named(fleet, wanted)}
    for asset in wanted:
        if asset not in known:
            raise NotFound(f"fleet {fleet} has no asset {asset}.")
    return wanted


def _affordable(held: Readings | Scores, ask: Ask, columns: int) -> int:
    most = MOST_READ // max(columns, 1)
    rows = held.count(ask.assets or None, ask.start, ask.end, most)
    if rows > most:
        raise LimitExceeded(
            f"{rows:,} readings of {columns:,} columns are more than one request may read.",
            remedy="Ask for a shorter time, fewer sensors or fewer assets.",
        )
    return rows


def _givable(cells: int) -> None:
    if cells > MOST_GIVEN:
        raise InvalidRequest(
            f"{cells:,} cells are asked for, {MOST_GIVEN:,} are given at once.",
            remedy="Ask for a smaller width, a shorter time, fewer sensors or fewer assets.",
        )


# ---------------------------------------------------------------- scores
def scores(
    site: Site, fleet: str, ask: Ask, *, version: int | None = None, top: int = 5
) -> Scored:
    """Return scores of one version, the champion's if none is named.

    With a width, the rows at which surprise is greatest and least in each stretch are given:
    true rows, with all that stands beside it.

    Parameters
    ----------
    top
        Sensors whose shares are given: those with the largest in the range.

    Raises
    ------
    NotFound
        There is no such fleet, asset or version, or nothing was trained yet.
    InvalidRequest, LimitExceeded
        See `readings`.
    """
    ask = ask.in_utc()
    if not site.lake.readings(fleet).exists():
        raise NotFound(f"there is no fleet {fleet}.")
    assets = _assets(site, fleet, ask)
    chosen = _version(site, fleet, version)
    held = site.lake.scores(fleet)
    rows = _affordable(held, ask, len(FIXED))
    shown = rows if ask.width is None else len(assets) * min(2 * ask.width, max(rows, 1))
    _givable(shown * (len(FIXED) + top))
    frame = _drawn(held, ask, chosen.version, assets)
    frame = frame.join(
        _thresholds(chosen, assets), on="asset", how="left", maintain_order="left"
    )
    frame, sensors = _with_shares(held, ask, chosen, frame, top)
    return Scored(chosen, frame, sensors)


def _version(site: Site, fleet: str, number: int | None) -> ModelVersion:
    registry = site.registry
    return registry.champion(fleet) if number is None else registry.get(fleet, number)


def _drawn(held: Scores, ask: Ask, version: int, assets: Sequence[str]) -> pl.DataFrame:
    columns = ["surprise", "alarm", "state"]
    if ask.width is None:
        wanted = ask.assets or None
        return _told(
            held.read(wanted, ask.start, ask.end, model_version=version, columns=columns)
        )
    found = []
    for asset in assets:
        frame = held.read([asset], ask.start, ask.end, model_version=version, columns=columns)
        found.append(_told(extremes(_judged(frame), "surprise", ask.width)))
    return pl.concat(found)


def _judged(frame: pl.DataFrame) -> pl.DataFrame:
    """Return scores with no surprise where there is no judgement."""
    judged = pl.col("state") < Judgement.NO_MODEL.value
    return frame.with_columns(pl.when(judged).then(pl.col("surprise")))


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    names = {state.value: standing(state) for state in Judgement}
    return _judged(frame).select(
        "asset",
        "time",
        pl.col("surprise").cast(pl.Float64).round(4),
        "alarm",
        pl.col("state").replace_strict(names, return_dtype=pl.String).alias("standing"),
    )


def _thresholds(version: ModelVersion, assets: Sequence[str]) -> pl.DataFrame:
    models = [manifest_of(version).of(asset) for asset in assets]
    levels = [None if model is None else model.threshold for model in models]
    kinds = {"asset": pl.String, "threshold": pl.Float64}
    return pl.DataFrame({"asset": list(assets), "threshold": levels}, schema=kinds)


def _with_shares(
    held: Scores, ask: Ask, version: ModelVersion, frame: pl.DataFrame, top: int
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add the largest shares, reading some columns at a time and keeping the rows shown."""
    sensors = manifest_of(version).sensors
    shares: dict[str, tuple[float, pl.Series]] = {}
    weight = frame["surprise"].fill_null(0.0)
    shown = frame["time"].unique().implode()
    for first in range(0, len(sensors) if top else 0, _SHARES_AT_ONCE):
        some = sensors[first : first + _SHARES_AT_ONCE]
        read = held.read(
            ask.assets or None,
            ask.start,
            ask.end,
            model_version=version.version,
            columns=[share_column(name) for name in some],
        )
        near = read.filter(pl.col("time").is_in(shown))
        beside = frame.select("asset", "time").join(
            near, on=["asset", "time"], how="left", maintain_order="left"
        )
        for name in some:
            share = beside[share_column(name)].cast(pl.Float64).round(4)
            shares[name] = (float((share.fill_null(0.0) * weight).sum()), share)
        largest = sorted(shares, key=lambda name: -shares[name][0])[:top]
        shares = {name: shares[name] for name in largest if shares[name][0] > 0}
    added = [share.alias(share_column(name)) for name, (_, share) in shares.items()]
    return frame.with_columns(added), tuple(shares)
