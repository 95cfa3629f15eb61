"""A look at a file before it is brought in: what its columns are for, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from appliance.intake import words
from appliance.intake.arrange import KEYS, Arranged, free_name
from appliance.intake.mapping import Mapping
from appliance.intake.options import IngestOptions
from appliance.intake.sources.files.source import Source
from appliance.intake.words import plain
from appliance.schemas.preview import Doubt, Ground, Preview, PreviewColumn, Use
from appliance.schemas.sensor import Sensor

_ROWS = 20
_COLUMNS = 300
_CELL = 60
"""Letters of a cell that are shown."""
_ASSETS = 12
_DOUBTS = 20
_ZONED_KINDS = ("text", "digits", "excel", "typed")
_UseOf = Callable[[str], Use]


@dataclass(frozen=True)
class Looked:
    """What a look found.

    Attributes
    ----------
    arranged
        The file's first part, as it would be brought in.
    before
        When the same was brought in.
    """

    arranged: Arranged
    checked: int
    before: datetime | None


def known_numbers(
    known: dict[str, Sensor], name: str, words: Sequence[str]
) -> dict[str, float]:
    """Return the numbers of a context's words; one never seen gets one that stands for none."""
    sensor = known.get(free_name(name).casefold())
    levels = sensor.levels if sensor is not None else ()
    return {w: float(levels.index(w) if w in levels else len(levels)) for w in words}


def unread(source: Source, upload: str, refused: str, remedy: str) -> Preview:
    """Return what a file shows that could not be understood."""
    sample = source.sample()
    return Preview(
        upload=upload,
        file=source.path.name,
        bytes=source.path.stat().st_size,
        columns=tuple(_columns(sample, lambda _: "left out", dict(source.units))),
        more_columns=max(sample.width - _COLUMNS, 0),
        refused=refused,
        remedy=remedy,
    )


def preview(
    source: Source, meaning: Mapping, options: IngestOptions, upload: str, looked: Looked
) -> Preview:
    """Return what a file would bring as its columns are understood."""
    sample, frame = source.sample(), looked.arranged.frame
    assets = frame["asset"].unique(maintain_order=True).to_list() if frame.height else []
    times = frame.select(start=pl.col("time").min(), end=pl.col("time").max()).row(0)
    uses, units = _Uses(meaning), dict(meaning.units) | dict(options.units)
    form = meaning.time_format
    return Preview(
        upload=upload,
        file=source.path.name,
        bytes=source.path.stat().st_size,
        columns=tuple(_columns(sample, uses.of, units)),
        more_columns=max(sample.width - _COLUMNS, 0),
        long=meaning.long,
        time=meaning.time,
        time_kind="cycle" if form.kind == "cycle" else "time",
        time_format=form.explanation,
        time_ground=_time_ground(meaning, options),
        zone=meaning.zone if form.kind in _ZONED_KINDS else None,
        asset=meaning.asset,
        asset_ground=_asset_ground(meaning, options),
        checked=looked.checked,
        whole=source.small,
        rows=frame.height,
        assets=tuple(assets[:_ASSETS]),
        more_assets=max(len(assets) - _ASSETS, 0),
        sensors=sum(name not in KEYS for name in frame.columns),
        start=times[0],
        end=times[1],
        doubts=tuple(_doubts(looked.arranged.issues)),
        before=looked.before,
        guesses=meaning.guesses,
        refused="" if frame.height else f"{source.path.name} has no row that can be used.",
    )


class _Uses:
    """What each column of a file is for."""

    def __init__(self, meaning: Mapping) -> None:
        self._found: dict[str, Use] = {}
        told: tuple[tuple[tuple[str, ...], Use], ...] = (
            (meaning.sensors, "sensor"),
            (meaning.switches, "switch"),
            (meaning.labels, "label"),
            (meaning.coded, "context"),
        )
        for names, use in told:
            self._found |= dict.fromkeys(names, use)
        for name in self._found.keys() & set(meaning.context):
            self._found[name] = "context"
        self._found |= dict.fromkeys(meaning.time, "time")
        for column, use in ((meaning.asset, "asset"), (meaning.tag, "tag")):
            if column is not None:
                self._found[column] = use
        if meaning.value is not None:
            self._found[meaning.value] = "value"

    def of(self, column: str) -> Use:
        """Return one column's use."""
        return self._found.get(column, "left out")


def _columns(
    sample: pl.DataFrame, use: _UseOf, units: dict[str, str]
) -> Iterator[PreviewColumn]:
    for name in sample.columns[:_COLUMNS]:
        cells = sample[name].head(_ROWS).cast(pl.String).fill_null("").str.slice(0, _CELL)
        yield PreviewColumn(
            name=name, use=use(name), unit=units.get(name, ""), cells=tuple(cells.to_list())
        )


def _time_ground(meaning: Mapping, options: IngestOptions) -> Ground:
    if options.time is not None:
        return "said"
    if not meaning.time:
        return "nothing"
    called = plain(meaning.time[0]) in words.TIME | words.CYCLE
    return "name" if called or meaning.time_format.kind == "typed" else "values"


def _asset_ground(meaning: Mapping, options: IngestOptions) -> Ground:
    if options.asset is not None:
        return "said"
    if meaning.asset is None:
        return "nothing"
    return "name" if plain(meaning.asset) in words.ASSET else "values"


def _doubts(issues: pl.DataFrame) -> Iterator[Doubt]:
    found = (
        issues.group_by("reason", "column", maintain_order=True)
        .agg(pl.len().alias("count"), pl.col("row").first(), pl.col("value").first())
        .sort("count", descending=True, maintain_order=True)
    )
    for told in found.head(_DOUBTS).iter_rows(named=True):
        value = (told["value"] or "")[:_CELL]
        yield Doubt.model_validate({**told, "value": value})
