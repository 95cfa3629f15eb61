"""Which column is the time, which the asset, which a sensor; and how that was found."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from appliance.core.errors import BadFile
from appliance.intake import times, words
from appliance.intake.mapping import Mapping
from appliance.intake.options import IngestOptions, unknown
from appliance.intake.sources.files.source import Source
from appliance.intake.sources.files.text import typed
from appliance.intake.structure import are_units, column_separator, share, tag_separator
from appliance.intake.times import TimeFormat
from appliance.intake.words import plain

_ONE = "="
_MAX_LABELS = 50
_FEW = 0.1
"""Share of times that is enough in a column known to hold times."""
_COUNTED = TimeFormat("cycle", explanation="rows are counted")


def guess(source: Source, options: IngestOptions, zone: str) -> Mapping:
    """Return what the columns of a file are for.

    Raises
    ------
    InvalidRequest
        A column that the options name is not there.
    BadFile
        It has no time, or nothing but text.
    """
    return _Guess(source, options, zone).mapping()


class _Guess:
    """Takes columns away one by one as their use is found."""

    def __init__(self, source: Source, options: IngestOptions, zone: str) -> None:
        self._raw = source.sample()
        self._sample = pl.DataFrame(
            [
                typed(values, decimal_comma=source.decimal_comma)
                for values in self._raw.get_columns()
            ]
        )
        self._first_row = source.first_row
        self._decimal_comma = source.decimal_comma
        self._options = options
        self._zone = zone
        self._named = source.named
        self._name = source.path.name
        self._units = tuple(source.units.items())
        self._said = list(source.notes)
        away = {*source.repeated, *options.without}
        self._left = [n for n in self._sample.columns if n not in away]
        if source.repeated:
            again = ", ".join(sorted(set(source.repeated.values())))
            self._said.append(f"left out, a name that stood before: {again}")
        if options.without:
            self._said.append(f"left out, as asked: {', '.join(options.without)}")

    def mapping(self) -> Mapping:
        """Guess everything."""
        time, form = self._time()
        self._take(*time)
        self._drop_counters()
        asset, name = self._asset(time)
        self._take(asset)
        found = Mapping(
            time, form, self._zone, asset, name,
            first_row=self._first_row, decimal_comma=self._decimal_comma, units=self._units,
        )  # fmt: skip
        tag, value = self._long(time, asset)
        if tag is not None and value is not None:
            found = self._as_long(found, tag, value)
        else:
            found = self._as_wide(found)
        return replace(found, guesses=tuple(self._said))

    def _take(self, *columns: str | None) -> None:
        self._left = [name for name in self._left if name not in columns]

    def _say(self, text: str) -> None:
        self._said.append(text)

    def _column(self, option: str, name: str) -> str:
        if name not in self._sample.columns:
            raise unknown(option, name, self._sample.columns)
        return name

    def _texts(self) -> list[str]:
        return [n for n in self._left if self._sample.schema[n] == pl.String()]

    # ------------------------------------------------------------------ time
    def _time(self) -> tuple[tuple[str, ...], TimeFormat]:
        asked = self._options.time
        if asked == "row" and "row" not in self._sample.columns:
            return self._count("as asked")
        if asked is not None:
            return self._time_asked(asked)
        for found in (self._typed_time(), self._text_time(), self._number_time()):
            if found is not None:
                return found
        named = [n for n in self._left if plain(n) in words.TIME]
        if named:
            raise BadFile(
                f"{self._name}: column {named[0]} is called like the time, but "
                f"{times.unread(self._sample[named[0]])}.",
                remedy="Name another with --time, or --time row to count rows.",
            )
        return self._count("no column of times was found")

    def _count(self, why: str) -> tuple[tuple[str, ...], TimeFormat]:
        self._say(f"time: {why}; rows are counted, row n is kept as 2000-01-01 + n hours")
        return (), _COUNTED

    def _time_asked(self, asked: str) -> tuple[tuple[str, ...], TimeFormat]:
        names = (asked,) if asked in self._sample.columns else tuple(asked.split(","))
        columns = tuple(self._column("--time", name.strip()) for name in names)
        form = self._format(columns)
        if form is None:
            raise BadFile(
                f"{self._name}: {asked} cannot be read as the time: "
                f"{times.unread(self._sample[columns[0]])}.",
                remedy="Write times as 2026-10-31 23:59:00, or --time row to count rows.",
            )
        return self._found(columns, form)

    def _found(
        self, columns: tuple[str, ...], form: TimeFormat
    ) -> tuple[tuple[str, ...], TimeFormat]:
        zone = (
            "" if form.kind in ("epoch", "cycle") else f", in {self._zone} where no zone stands"
        )
        self._say(f"time: {' and '.join(columns)}, {form.explanation}{zone}")
        return columns, form

    def _format(self, columns: tuple[str, ...]) -> TimeFormat | None:
        if len(columns) > 1:
            joined = self._sample.select(pl.concat_str(columns, separator=" ")).to_series()
            return times.text_format(joined, _FEW)
        values = self._sample[columns[0]]
        if values.dtype == pl.String():
            return times.text_format(values, _FEW)
        if values.dtype.is_numeric():
            return times.number_format(values, columns[0])
        return TimeFormat("typed", explanation=f"of type {values.dtype}")

    def _typed_time(self) -> tuple[tuple[str, ...], TimeFormat] | None:
        typed = [n for n in self._left if self._sample.schema[n].is_temporal()]
        typed.sort(key=lambda name: plain(name) not in words.TIME)
        form = self._format((typed[0],)) if typed else None
        return self._found((typed[0],), form) if form else None

    def _text_time(self) -> tuple[tuple[str, ...], TimeFormat] | None:
        texts = sorted(self._texts(), key=lambda name: plain(name) not in words.TIME)
        for name in texts:
            called = plain(name) in words.TIME
            form = times.text_format(self._sample[name], _FEW if called else 0.6)
            if form is None:
                continue
            if "%H" not in form.format and "%I" not in form.format:
                clock = next(filter(self._is_clock, texts), None)
                both = self._format((name, clock)) if clock else None
                if clock and both:
                    return self._found((name, clock), both)
            return self._found((name,), form)
        return None

    def _is_clock(self, name: str) -> bool:
        return times.looks_like_clock(self._sample[name])

    def _number_time(self) -> tuple[tuple[str, ...], TimeFormat] | None:
        numbers = [n for n in self._left if self._sample.schema[n].is_numeric()]
        for called in (words.TIME, words.CYCLE):
            for name in numbers:
                form = self._format((name,)) if plain(name) in called else None
                if form is not None:
                    return self._found((name,), form)
        for name in numbers[:3] if not self._named else []:
            form = self._format((name,))
            if form is not None and self._runs(name, form):
                return self._found((name,), form)
        return None

    def _runs(self, name: str, form: TimeFormat) -> bool:
        """Without names: whether numbers run as times do, or count up by one and restart."""
        steps = self._sample[name].diff().drop_nulls()
        if len(steps) < 10:
            return False
        if form.kind == "cycle":
            return share(steps == 1) > 0.9 and not self._is_row_number(name)
        return share(steps >= 0) > 0.95

    def _is_row_number(self, name: str) -> bool:
        steps = self._sample[name].diff().drop_nulls()
        return len(steps) > 10 and bool((steps == 1).all()) and self._sample.width > 1

    def _drop_counters(self) -> None:
        for name in list(self._left):
            values = self._sample[name]
            known = plain(name) in words.COUNTER or name == "column 1"
            if known and values.dtype.is_numeric() and self._is_row_number(name):
                self._take(name)
                self._say(f"ignored: {name}, it counts rows")

    # ------------------------------------------------------------------ asset
    def _asset(self, time: tuple[str, ...]) -> tuple[str | None, str]:
        asked = self._options.asset
        if asked is not None and asked.startswith(_ONE):
            self._say(f"asset: {asked[1:]}, as asked")
            return None, asked[1:].strip()
        if asked is not None:
            self._say(f"asset: {asked}, as asked")
            return self._column("--asset", asked), ""
        called = [n for n in self._left if plain(n) in words.ASSET]
        for name in called:
            if self._could_be_asset(name, time):
                self._say(f"asset: {name}, by its name")
                return name, ""
        found = self._asset_by_structure(time)
        if found:
            self._say(f"asset: {found}, because it tells apart rows of the same time")
        return found, ""

    def _could_be_asset(self, name: str, time: tuple[str, ...]) -> bool:
        values = self._sample[name].drop_nulls()
        if values.is_empty() or values.dtype.is_temporal():
            return False
        if values.dtype.is_numeric() and not bool((values == values.round()).all()):
            return False
        if plain(name) == "unit" and are_units(values):
            return False
        often = values.n_unique() <= max(len(values) / 2, 1)
        at_once = bool(time) and self._sample.select(time).n_unique() < len(values) / 2
        return often or at_once

    def _asset_by_structure(self, time: tuple[str, ...]) -> str | None:
        if not time or self._repeats(list(time)) < 0.02:
            return None
        texts = [
            n for n in self._texts() if plain(n) not in words.TAG and not self._all_switch(n)
        ]
        whole = [n for n in self._left[:3] if not self._named and self._whole(n)]
        value_called = any(plain(n) in words.VALUE for n in self._left)
        if value_called and len(texts) == 1 and self._numbers_left() == 1:
            return None  # time, name, value: a long table without a telling name
        fits = [n for n in (*texts, *whole) if self._repeats([*time, n]) < 0.01]
        return fits[0] if fits else None

    def _numbers_left(self) -> int:
        return sum(self._sample.schema[n].is_numeric() for n in self._left)

    def _whole(self, name: str) -> bool:
        values = self._sample[name].drop_nulls()
        return values.dtype.is_numeric() and bool((values == values.round()).all())

    def _repeats(self, columns: list[str]) -> float:
        """Share of rows whose cells in these columns stood in a row before."""
        rows = self._sample.select(columns).drop_nulls()
        return 1 - rows.n_unique() / rows.height if rows.height else 0.0

    # ------------------------------------------------------------------ long tables
    def _long(self, time: tuple[str, ...], asset: str | None) -> tuple[str | None, str | None]:
        layout = self._options.layout
        if layout == "wide":
            return None, None
        value = self._value_column()
        tag = self._tag_column(time, asset, value)
        if layout == "long" and (tag is None or value is None):
            raise BadFile(
                f"{self._name}: a long table needs a column of sensor names and one of values.",
                remedy="Call them tag and value, or leave --layout out.",
            )
        return (tag, value) if tag is not None and value is not None else (None, None)

    def _value_column(self) -> str | None:
        called = [n for n in self._left if plain(n) in words.VALUE]
        numbers = [
            n
            for n in self._left
            if self._sample.schema[n].is_numeric() and plain(n) not in words.TAG
        ]
        if called:
            return called[0]
        return numbers[0] if len(numbers) == 1 else None

    def _tag_column(
        self, time: tuple[str, ...], asset: str | None, value: str | None
    ) -> str | None:
        rest = [n for n in self._left if n != value]
        called = [n for n in rest if plain(n) in words.TAG]
        others = [n for n in rest if self._sample.schema[n].is_numeric() and n not in called]
        if self._options.layout == "auto" and (value is None or others):
            return None
        if called:
            return called[0]
        keys = [*time, *([asset] if asset else [])]
        texts = [n for n in self._texts() if n != value and not self._all_switch(n)]
        if not texts or not time:
            return None
        best = min(texts, key=lambda name: self._repeats([*keys, name]))
        if self._options.layout == "long":
            return best
        told_apart = self._repeats(keys) > 0.02 and self._repeats([*keys, best]) < 0.01
        return best if told_apart else None

    def _as_long(self, found: Mapping, tag: str, value: str) -> Mapping:
        self._take(tag, value)
        for name in self._left:
            self._say(f"ignored: {name}, the table is a row a value")
        tags = self._sample[tag].cast(pl.String).drop_nulls().unique().to_list()
        separator = "" if found.asset or found.asset_name else tag_separator(tags)
        told = f"layout: long, a row a value: sensors from {tag}, values from {value}"
        if separator:
            told += f"; {tag} holds asset{separator}sensor"
        self._say(told)
        raw = self._raw[value]
        is_text = raw.dtype == pl.String() and self._has_switch(raw)
        return replace(
            found, tag=tag, value=value, value_is_text=is_text, separator=separator,
            context=self._options.context,
        )  # fmt: skip

    # ------------------------------------------------------------------ wide tables
    def _as_wide(self, found: Mapping) -> Mapping:
        context = tuple(n for n in self._options.context if n in self._left)
        sensors: list[str] = []
        switches: list[str] = []
        coded: list[str] = []
        labels: list[str] = []
        for name in self._left:
            if self._sample.schema[name].is_temporal():
                self._say(f"ignored: {name}, another column of times")
            elif self._sample.schema[name].is_numeric():
                (labels if name not in context and self._is_label(name) else sensors).append(
                    name
                )
            elif self._all_switch(name):
                switches.append(name)
            elif name in context:
                coded.append(name)
            else:
                known = self._sample[name].drop_nulls()
                example = str(known[0])[:40] if len(known) else ""
                self._say(f"ignored: {name}, text such as {example!r}")
        if not (sensors or switches or coded):
            raise BadFile(
                f"{self._name} has no column of numbers beside "
                f"{', '.join([*found.time, *filter(None, [found.asset])]) or 'its text'}.",
                remedy="Export the readings as numbers.",
            )
        alone = not (found.asset or found.asset_name)
        separator = column_separator([*sensors, *switches]) if alone and not coded else ""
        self._tell_wide(sensors, switches, coded, labels, separator)
        return replace(
            found, sensors=tuple(sensors), switches=tuple(switches), coded=tuple(coded),
            labels=tuple(labels), context=self._options.context, separator=separator,
        )  # fmt: skip

    def _tell_wide(
        self,
        sensors: list[str],
        switches: list[str],
        coded: list[str],
        labels: list[str],
        separator: str,
    ) -> None:
        count = len(sensors) + len(switches) + len(coded)
        shown = ", ".join([*sensors, *switches, *coded][:8]) + (" …" if count > 8 else "")
        self._say(f"sensors: {count}: {shown}")
        if separator:
            self._say(f"asset: the columns are called asset{separator}sensor")
        if switches:
            self._say(f"words for off and on are kept as 0 and 1: {', '.join(switches)}")
        if coded:
            self._say(f"words are kept as numbers: {', '.join(coded)}")
        if labels:
            self._say(f"labels, kept but not judged: {', '.join(labels)}")

    def _is_label(self, name: str) -> bool:
        values = self._sample[name].drop_nulls()
        whole = bool((values == values.round()).all())
        return words.is_label(name) and whole and values.n_unique() <= _MAX_LABELS

    def _has_switch(self, values: pl.Series) -> bool:
        found = values.str.strip_chars().str.to_lowercase()
        return bool(found.is_in(list(words.OFF | words.ON)).any())

    def _all_switch(self, name: str) -> bool:
        values = self._sample[name].drop_nulls().unique().head(8).to_list()
        known = words.OFF | words.ON
        return bool(values) and all(v.strip().casefold() in known for v in values)
