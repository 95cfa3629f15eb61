"""Parsed columns to readings: asset, time, one column a sensor, sorted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from appliance.core.errors import BadFile
from appliance.intake import quarantine, times, words
from appliance.intake.mapping import Mapping as Meaning
from appliance.intake.sources.files.text import ROW, Parsed, missing, to_numbers
from appliance.intake.times import Times

KEYS = ("asset", "time")
Coder = Callable[[str, Sequence[str]], Mapping[str, float]]
"""Gives the words of a context column their numbers."""
_ASSET, _TIME, _CHANGE, _REASON, _SENSOR = "\0asset", "\0time", "\0change", "\0why", "\0sensor"
_LONGEST_NAME = 200
_DISORDER = {
    "asset": pl.String(),
    "jumps_back": pl.Int64(),
    "clock_changes": pl.Int64(),
    "duplicates": pl.Int64(),
}


@dataclass(frozen=True)
class Arranged:
    """One part, ready for the lake.

    Attributes
    ----------
    frame
        ``asset``, ``time``, sensors; sorted by asset and time.
    issues
        Everything refused in the part.
    disorder
        By asset: rows whose time went back, daylight saving changes, rows whose time stood
        in the part before.
    """

    frame: pl.DataFrame
    issues: pl.DataFrame
    disorder: pl.DataFrame


def arrange(parsed: Parsed, meaning: Meaning, code: Coder, max_columns: int) -> Arranged:
    """Turn one part into readings.

    Parameters
    ----------
    parsed
        The part as it stands in the file.
    meaning
        What its columns are for.
    code
        Numbers for the words of context columns.
    max_columns
        Most sensors that the tags of a long table may name.

    Raises
    ------
    BadFile
        A long table names more sensors than that.
    """
    issues = [parsed.issues]
    read = _times(parsed.frame, meaning)
    frame = parsed.frame.with_columns(
        read.values.alias(_TIME), read.clock_changes.alias(_CHANGE), read.reasons.alias(_REASON)
    )
    frame = _with_assets(frame, meaning, issues)
    disorder = _disorder(frame, meaning)
    frame = _without_bad_times(frame, meaning, issues)
    if meaning.tag is not None and meaning.value is not None:
        frame, duplicates = _pivot(frame, meaning, issues, max_columns)
    else:
        frame = _by_asset(_values(frame, meaning, code, issues), meaning)
        frame = frame if _is_sorted(frame) else frame.sort(KEYS, maintain_order=True)
        duplicates = _duplicates(frame, KEYS)
    joined = disorder.join(duplicates, on="asset", how="full", coalesce=True)
    disorder = joined.select(pl.col(n).cast(t) for n, t in _DISORDER.items()).with_columns(
        pl.exclude("asset").fill_null(0)
    )
    return Arranged(frame, pl.concat(issues), disorder)


# ---------------------------------------------------------------- time and asset
def _times(frame: pl.DataFrame, meaning: Meaning) -> Times:
    zone = ZoneInfo(meaning.zone)
    if not meaning.time:
        counted = (frame[ROW] - meaning.first_row + 1).cast(pl.Float64)
        return times.read(counted, meaning.time_format, zone)
    if len(meaning.time) == 1:
        return times.read(frame[meaning.time[0]], meaning.time_format, zone)
    return times.read(_joined(frame, meaning), meaning.time_format, zone)


def _joined(frame: pl.DataFrame, meaning: Meaning) -> pl.Series:
    cells = [pl.col(n).cast(pl.String).str.strip_chars() for n in meaning.time]
    return frame.select(pl.concat_str(cells, separator=" ").alias("time")).to_series()


def _with_assets(
    frame: pl.DataFrame, meaning: Meaning, issues: list[pl.DataFrame]
) -> pl.DataFrame:
    column = meaning.asset or (meaning.tag if meaning.separator else None)
    if column is None:
        return frame.with_columns(pl.lit(meaning.asset_name).alias(_ASSET))
    name = pl.col(column).cast(pl.String).str.strip_chars()
    if meaning.asset is None:
        sign = meaning.separator
        before = name.str.extract(rf"^(.*)\{sign}[^\{sign}]+$", 1)
        name = pl.coalesce(before, pl.when(~missing(column)).then(pl.lit(meaning.asset_name)))
    name = name.str.slice(0, _LONGEST_NAME)
    if meaning.asset is not None and _as_they_are(frame[column], name):
        return frame.with_columns(pl.col(column).alias(_ASSET))
    frame = frame.with_columns(name.alias(_ASSET))
    bad = frame.select(missing(_ASSET)).to_series()
    if not bad.any():
        return frame
    rows = frame.filter(bad)
    issues.append(quarantine.refusals(rows[ROW], column, rows[column], quarantine.NO_ASSET))
    return frame.filter(~bad)


def _as_they_are(names: pl.Series, spelled: pl.Expr) -> bool:
    """Whether all names are there and none is spelled otherwise; few of them are distinct."""
    if names.dtype != pl.String():
        return False
    distinct = names.unique().to_frame()
    same = (pl.col(names.name) == spelled) & ~missing(names.name)
    return bool(distinct.select(same.fill_null(value=False).all()).item())


def _disorder(frame: pl.DataFrame, meaning: Meaning) -> pl.DataFrame:
    """Count by asset, in the file's order, steps back in time and daylight saving changes."""
    if frame.is_empty() or (frame[_TIME].is_sorted() and not frame[_CHANGE].any()):
        return pl.DataFrame(schema={n: t for n, t in _DISORDER.items() if n != "duplicates"})
    series = [_ASSET, *([meaning.tag] if meaning.tag else [])]
    together = meaning.tag is None and frame[_ASSET].is_sorted()
    change = pl.col(_CHANGE)
    marked = frame.select(
        pl.col(_ASSET).alias("asset"),
        (pl.col(_TIME) < _before(_TIME, series, together=together)).alias("jumps_back"),
        (change & ~_before(_CHANGE, [_ASSET], together=together).fill_null(value=False)).alias(
            "clock_changes"
        ),
    )
    return marked.group_by("asset").agg(pl.exclude("asset").sum().cast(pl.Int64))


def _before(name: str, series: list[str], *, together: bool) -> pl.Expr:
    """Return a column's value in the row before of the same series."""
    if not together:
        return pl.col(name).shift().over(series)
    same = pl.col(_ASSET) == pl.col(_ASSET).shift()
    return pl.when(same).then(pl.col(name).shift())


def _without_bad_times(
    frame: pl.DataFrame, meaning: Meaning, issues: list[pl.DataFrame]
) -> pl.DataFrame:
    if not frame[_TIME].null_count():
        return frame
    bad = frame.filter(pl.col(_TIME).is_null())
    values = _joined(bad, meaning) if meaning.time else bad[ROW].cast(pl.String)
    told = pl.DataFrame({"time": values, "why": bad[_REASON]}).select(
        pl.when(missing("time")).then(pl.lit(quarantine.NO_TIME)).otherwise("why")
    )
    issues.append(
        quarantine.refusals(bad[ROW], " ".join(meaning.time), values, told.to_series())
    )
    return frame.drop_nulls(_TIME)


# ---------------------------------------------------------------- wide tables
def free_name(name: str) -> str:
    """Return a sensor's name that is not one of the keys'."""
    return f"{name} (sensor)" if name in KEYS else name


def _values(
    frame: pl.DataFrame, meaning: Meaning, code: Coder, issues: list[pl.DataFrame]
) -> pl.DataFrame:
    """Return keys and one float column a sensor."""
    cells = [pl.col(n).alias(free_name(n)) for n in (*meaning.sensors, *meaning.labels)]
    for name in (*meaning.switches, *meaning.coded):
        word = pl.col(name).str.strip_chars()
        if name in meaning.switches:
            known = _SWITCHES
            word = word.str.to_lowercase()
            reason = quarantine.NOT_A_SWITCH
        else:
            present = frame.filter(~missing(name)).select(word.unique(maintain_order=True))
            known = dict(code(name, present.to_series().to_list()))
            reason = quarantine.TOO_MANY_WORDS
        number = word.replace_strict(known, default=None, return_dtype=pl.Float64)
        bad = frame.filter(number.is_null() & ~missing(name))
        issues.append(quarantine.refusals(bad[ROW], name, bad[name], reason))
        cells.append(number.alias(free_name(name)))
    return frame.select(pl.col(_ASSET).alias("asset"), pl.col(_TIME).alias("time"), *cells)


_SWITCHES = {**dict.fromkeys(words.OFF, 0.0), **dict.fromkeys(words.ON, 1.0)}


def _by_asset(frame: pl.DataFrame, meaning: Meaning) -> pl.DataFrame:
    """Turn columns called asset.sensor into rows of each asset."""
    if not meaning.separator:
        return frame
    groups: dict[str, list[str]] = {}
    common = []
    for name in frame.columns[2:]:
        asset, found, _ = name.rpartition(meaning.separator)
        groups.setdefault(asset, []).append(name) if found else common.append(name)
    pieces = [
        frame.select(
            pl.lit(asset).alias("asset"),
            "time",
            *common,
            *(pl.col(n).alias(free_name(n.rpartition(meaning.separator)[2])) for n in names),
        )
        for asset, names in groups.items()
    ]
    return pl.concat(pieces, how="diagonal")


def _is_sorted(frame: pl.DataFrame) -> bool:
    asset, time = pl.col("asset"), pl.col("time")
    after = (asset > asset.shift()) | ((asset == asset.shift()) & (time >= time.shift()))
    return bool(frame.select(after.fill_null(value=True).all()).item())


def _duplicates(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Count by asset the rows of a sorted frame whose keys the row before has."""
    again = pl.all_horizontal(pl.col(key) == pl.col(key).shift() for key in keys)
    found = frame.filter(again)
    return found.group_by("asset").agg(pl.len().cast(pl.Int64).alias("duplicates"))


# ---------------------------------------------------------------- long tables
def _pivot(
    frame: pl.DataFrame, meaning: Meaning, issues: list[pl.DataFrame], max_columns: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    tag, value = str(meaning.tag), str(meaning.value)
    nameless = frame.select(missing(tag)).to_series()
    if nameless.any():
        rows = frame.filter(nameless)
        issues.append(quarantine.refusals(rows[ROW], tag, rows[value], quarantine.NO_SENSOR))
        frame = frame.filter(~nameless)
    if meaning.value_is_text:
        numbers, refused = _numbers_and_words(frame, meaning)
        issues.append(refused)
        frame = frame.with_columns(numbers)
    sensor = pl.col(tag).str.strip_chars()
    if meaning.separator and meaning.asset is None:
        sensor = sensor.str.extract(rf"([^\{meaning.separator}]+)$", 1)
    rows = (
        frame.select(
            pl.col(_ASSET).alias("asset"),
            pl.col(_TIME).alias("time"),
            sensor.alias(_SENSOR),
            pl.col(value).alias("\0value"),
        )
        .with_columns(
            pl.when(pl.col(_SENSOR).is_in(KEYS))
            .then(pl.col(_SENSOR) + " (sensor)")
            .otherwise(_SENSOR)
            .alias(_SENSOR)
        )
        .sort(*KEYS, _SENSOR, maintain_order=True)
    )
    if (count := rows[_SENSOR].n_unique()) > max_columns:
        raise BadFile(
            f"column {tag} names {count:,} sensors, {max_columns:,} are allowed.",
            remedy="Split the file, or raise max_columns in the settings.",
        )
    duplicates = _duplicates(rows, (*KEYS, _SENSOR))
    wide = rows.drop_nulls("\0value").pivot(
        on=_SENSOR,
        index=list(KEYS),
        values="\0value",
        aggregate_function="last",
        maintain_order=True,
    )
    return wide, duplicates


def _numbers_and_words(frame: pl.DataFrame, meaning: Meaning) -> tuple[pl.Series, pl.DataFrame]:
    """Read values of which some are on and off."""
    value = str(meaning.value)
    word = pl.col(value).str.strip_chars().str.to_lowercase()
    known = list(_SWITCHES)
    text = frame.select(pl.when(~word.is_in(known)).then(value).alias(value)).to_series()
    numbers, refused = to_numbers(text, frame[ROW], decimal_comma=meaning.decimal_comma)
    switched = frame.select(
        word.replace_strict(_SWITCHES, default=None, return_dtype=pl.Float64)
    ).to_series()
    both = pl.select(pl.coalesce(switched, numbers).alias(value)).to_series()
    return both, refused
