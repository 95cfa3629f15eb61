"""Times as plants write them, to UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from appliance.core.clock import now

UTC_TIME = pl.Datetime("us", "UTC")
_NAIVE = pl.Datetime("us")
CYCLE_SECONDS = 3_600
"""A cycle counter has no clock: cycle n is kept as 2000-01-01 00:00 UTC plus n hours."""
_CYCLE_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
_EXCEL_ORIGIN_DAYS = 25_569  # days from 1899-12-30 to 1970-01-01
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LAST_CYCLE = 60_000_000  # keeps the time below the year 9000
_ZONED = r"^(.*(?::\d{2}|T\d{4}|T\d{6})(?:[.,]\d+)?)\s*([Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$"
_PROBE = 12
_DAY = timedelta(days=1)

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d",
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%y",
)  # fmt: skip
_CLOCKS = (
    "%H:%M:%S", "%H:%M:%S%.f", "%H:%M", "%H:%M:%S,%f", "%H%M%S", "%H%M",
    "%I:%M:%S %p", "%I:%M %p", "%H時%M分%S秒", "%H時%M分", "",
)  # fmt: skip
_READABLE = {
    "%Y": "year", "%y": "year", "%m": "month", "%d": "day", "%b": "month", "%H": "hour",
    "%I": "hour", "%M": "minute", "%S": "second", "%.f": ".fraction", ",%f": ",fraction",
    "%p": "AM/PM", "T%": "T%",
}  # fmt: skip
_LOOKS = {
    "%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%d": r"\d{1,2}", "%b": "[A-Za-z]{3,9}",
    "%H": r"\d{1,2}", "%I": r"\d{1,2}", "%M": r"\d{1,2}", "%S": r"\d{1,2}",
    "%.f": r"(\.\d+)?", ",%f": r"(,\d+)?", "%p": "[AaPp][Mm]",
}  # fmt: skip

Kind = Literal["text", "epoch", "excel", "cycle", "digits", "typed"]


@dataclass(frozen=True)
class TimeFormat:
    """How a time column is to be read.

    Attributes
    ----------
    kind
        ``text`` by a format; ``epoch`` numbers of `scale` microseconds since 1970; ``excel``
        days; ``cycle`` a counter without a clock; ``digits`` such as 20260105; ``typed``
        times already, in a Parquet file.
    format
        As `strptime` takes it, without the zone.
    scale
        Microseconds of one unit; negative: units of one microsecond.
    explanation
        Half a sentence for the person who ingests.
    """

    kind: Kind
    format: str = ""
    scale: int = 1
    explanation: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the column is read as numbers."""
        return self.kind in ("epoch", "excel", "cycle", "digits")


@dataclass(frozen=True)
class Times:
    """Times in UTC and why some are missing.

    Attributes
    ----------
    values
        Null where the time could not be used.
    reasons
        Null where it could.
    clock_changes
        Mask of rows in an hour that daylight saving time repeats or leaves out.
    """

    values: pl.Series
    reasons: pl.Series
    clock_changes: pl.Series


# ---------------------------------------------------------------- what a column is
def number_format(values: pl.Series, name: str) -> TimeFormat | None:
    """Work out what a numeric time column counts; None if it cannot be a time."""
    known = values.drop_nulls().cast(pl.Float64)
    if known.is_empty() or float(known.min() or 0) < 0:  # type: ignore[arg-type]
        return None
    middle = float(known.median() or 0)  # type: ignore[arg-type]
    whole = bool((known == known.round()).all())
    if whole and (digits := _digits(known)):
        return digits
    for unit, scale, low, high in (
        ("seconds", 1_000_000, 3e8, 5e9),
        ("milliseconds", 1_000, 3e11, 5e12),
        ("microseconds", 1, 3e14, 5e15),
        ("nanoseconds", -1_000, 3e17, 5e18),
    ):
        if low <= middle <= high:
            return TimeFormat("epoch", scale=scale, explanation=f"{unit} since 1970")
    dated = any(word in name.lower() for word in ("dat", "日", "stamp"))
    if 30_000 <= middle <= 80_000 and (dated or not whole):
        return TimeFormat("excel", explanation="days as spreadsheets count them")
    if whole and middle < _LAST_CYCLE:
        return TimeFormat("cycle", explanation="a counter: n is kept as 2000-01-01 + n hours")
    return None


def _digits(known: pl.Series) -> TimeFormat | None:
    """Dates written as numbers: 20260105, 202601050800, 20260105080000."""
    sample = known.head(500).cast(pl.Int64, strict=False).cast(pl.String)
    for form, length in (("%Y%m%d", 8), ("%Y%m%d%H%M", 12), ("%Y%m%d%H%M%S", 14)):
        if bool((sample.str.len_chars() == length).all()):
            times = _strptime(sample, form)
            inside = (times > _EARLIEST.replace(tzinfo=None)) & (
                times < _LATEST.replace(tzinfo=None)
            )
            if times.null_count() == 0 and bool(inside.all()):
                return TimeFormat("digits", form, explanation=f"written as {_shown(form)}")
    return None


def text_format(
    values: pl.Series, least: float = 0.6, *, any_year: bool = False
) -> TimeFormat | None:
    """Work out the format of a text column from a sample; None if it holds no times.

    At least a share of `least` of the cells must be times, of a year that a plant can have
    been read in unless `any_year` is told.  Where day and month could change places in every
    cell, the order in which the times run forward is taken; if both do, the one by which fewer
    are still to come; then month before day beside AM and PM, as in the United States, and
    day before month otherwise.
    """
    known = _plain(values.drop_nulls())[0]
    if known.is_empty():
        return None
    sample = known.gather_every(max(len(known) // 500, 1)).head(600)
    probe = sample.gather_every(max(len(sample) // _PROBE, 1)).head(_PROBE).to_list()
    scored = []
    for form, shape in _shapes().items():
        if sum(shape.fullmatch(cell) is not None for cell in probe) < least * len(probe):
            continue
        parsed = _strptime(sample, form)
        hits = len(parsed) - parsed.null_count()
        forward = int((parsed.drop_nulls().diff().drop_nulls().cast(pl.Int64) >= 0).sum())
        if hits >= least * len(sample) and (any_year or _sane(parsed, least)):
            american = "%p" in form and form.startswith("%m")
            scored.append((hits, forward, -_ahead(parsed), american, form))
    if not scored:
        return None
    best = max(scored, key=lambda entry: entry[:4])
    form = best[-1]
    rivals = [entry[-1] for entry in scored if entry[:2] == best[:2]]
    shown = f"written as {_shown(form)}"
    if _swapped(form) in rivals:
        first = "month" if form.startswith("%m") else "day"
        shown += f" (day and month could change places: the {first} was taken to come first)"
    return TimeFormat("text", form, explanation=shown)


def unread(values: pl.Series) -> str:
    """Say why a column's cells are no times, by the first of them."""
    known = values.drop_nulls()
    if known.is_empty():
        return "it is empty"
    example = str(known[0])[:40]
    if known.dtype == pl.String() and text_format(known, any_year=True):
        return f"{example!r} is before 1970 or after 2100"
    return f"{example!r} is in no format that is known"


def _ahead(times: pl.Series) -> int:
    """Return how many times are still to come wherever on earth they were written."""
    today = now().replace(tzinfo=None) + _DAY
    return int((times.drop_nulls() > today).sum())


@cache
def _shapes() -> dict[str, re.Pattern[str]]:
    """All formats, and what they look like: trying one for real costs far more."""
    shapes = {}
    for date in _DATES:
        for clock in _CLOCKS:
            for joint in (" ", "T", "") if clock else ("",):
                compact = "%Y%m%d" in date
                if (joint == "" and clock and not compact) or ("%H%M" in clock and not compact):
                    continue
                form = f"{date}{joint}{clock}"
                shape = re.escape(form)
                for code, looks in _LOOKS.items():
                    shape = shape.replace(re.escape(code), looks)
                shapes[form] = re.compile(shape)
    return shapes


def _sane(times: pl.Series, least: float) -> bool:
    years = times.drop_nulls().dt.year()
    return int(((years >= 1970) & (years < 2100)).sum()) >= least * len(years)


def _swapped(form: str) -> str:
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def _shown(form: str) -> str:
    for code, word in _READABLE.items():
        form = form.replace(code, word)
    return form


def _plain(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return texts without their zone, and the zones."""
    text = values.str.strip_chars()
    parts = text.str.extract_groups(_ZONED).struct.unnest()
    parts.columns = ["plain", "zone"]
    zone = parts["zone"]
    plain = parts.select(pl.coalesce("plain", pl.lit(text))).to_series()
    return plain, zone


def _strptime(values: pl.Series, form: str) -> pl.Series:
    plain = values.str.replace(",", ".", literal=True) if ",%f" in form else values
    form = form.replace(",%f", "%.f")
    if "%H" not in form and "%I" not in form:
        return plain.str.to_date(form, strict=False).cast(_NAIVE)
    return plain.str.to_datetime(form, strict=False, time_unit="us")


# ---------------------------------------------------------------- reading a column
def read(values: pl.Series, form: TimeFormat, zone: ZoneInfo) -> Times:
    """Return the times of a column; naive ones are in `zone`.

    Parameters
    ----------
    values
        Text for ``text``, dates or times for ``typed``, numbers otherwise.
    form
        As `text_format` or `number_format` found it.
    """
    if form.kind == "text":
        return _read_text(values, form, zone)
    if form.kind == "typed":
        if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
            return _bounded(values.cast(UTC_TIME), _no_reason(values), _calm(values))
        return _localised(values.cast(_NAIVE), _no_reason(values), zone)
    if form.kind == "digits":
        text = values.cast(pl.Int64, strict=False).cast(pl.String)
        return _localised(_strptime(text, form.format), _no_reason(values), zone)
    values = values.cast(pl.Float64)
    if form.kind == "cycle":
        valid = (values >= 0) & (values <= _LAST_CYCLE)
        micro = values * (CYCLE_SECONDS * 1_000_000) + _CYCLE_ORIGIN.timestamp() * 1e6
        times = _to_times(pl.select(pl.when(valid).then(micro)).to_series())
        reason = pl.when(times.is_null()).then(pl.lit("not a cycle that can be counted"))
        return Times(times, pl.select(reason).to_series(), _calm(values))
    if form.kind == "excel":
        milli = ((values - _EXCEL_ORIGIN_DAYS) * 86_400e3).round().cast(pl.Int64, strict=False)
        return _localised((milli * 1_000).cast(_NAIVE), _no_reason(values), zone)
    micro = values * form.scale if form.scale > 0 else values / -form.scale
    return _bounded(_to_times(micro), _no_reason(values), _calm(values))


def _to_times(micro: pl.Series) -> pl.Series:
    return micro.round().cast(pl.Int64, strict=False).cast(UTC_TIME)


def _no_reason(values: pl.Series) -> pl.Series:
    return pl.repeat(None, len(values), dtype=pl.String, eager=True)


def _calm(values: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)


def _read_text(values: pl.Series, form: TimeFormat, zone: ZoneInfo) -> Times:
    naive, shift = _understood(values, form.format).get_columns()
    local = _localised(naive, _no_reason(values), zone)
    has = shift.is_not_null()
    if not has.any():
        return local
    given = (naive.cast(pl.Int64) - shift).cast(UTC_TIME)
    merged = pl.select(
        t=pl.when(has).then(given).otherwise(local.values),
        r=pl.when(~has).then(local.reasons),
    )
    return _bounded(merged["t"], merged["r"], local.clock_changes & ~has)


def _understood(values: pl.Series, form: str) -> pl.DataFrame:
    """Return times as written, and how far east of UTC; null where a text does not say.

    Machines of a fleet are read at the same moments: each text is read once.
    """
    texts = values.alias("text")
    distinct = texts.unique()
    if 2 * len(distinct) > len(texts):
        return _parsed(texts, form)
    table = _parsed(distinct, form).with_columns(distinct)
    found = texts.to_frame().join(
        table, on="text", how="left", nulls_equal=True, maintain_order="left"
    )
    return found.drop("text")


def _parsed(values: pl.Series, form: str) -> pl.DataFrame:
    naive = _strptime(values, form)
    if naive.null_count() == values.null_count():
        return pl.select(naive=naive, shift=pl.lit(None, pl.Int64))
    plain, offsets = _plain(values)
    naive = _strptime(plain, form)
    for other in _relatives(form) if naive.null_count() > values.null_count() else []:
        # A few cells in a sibling of the format: a dropped fraction, no seconds.
        naive = pl.select(pl.coalesce(naive, _strptime(plain, other))).to_series()
    east = pl.when(offsets.is_not_null()).then(_offset_microseconds(pl.lit(offsets)))
    return pl.select(naive=naive, shift=east)


def _relatives(form: str) -> list[str]:
    siblings = ("%H:%M:%S", "%H:%M:%S%.f", "%H:%M", "%H:%M:%S,%f")
    for clock in sorted(siblings, key=len, reverse=True):
        if form.endswith(clock):
            stem = form.removesuffix(clock)
            other = {"T": " ", " ": "T"}.get(stem[-1:], stem[-1:])
            both = (stem, stem[:-1] + other)
            related = [s + c for s in both for c in siblings if s + c != form]
            return [*related, stem[:-1]]
    return []


def _offset_microseconds(offset: pl.Expr) -> pl.Expr:
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    digits = offset.str.replace_all(r"[^0-9]", "")
    hours = digits.str.slice(0, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    return sign * (hours * 3_600 + minutes * 60) * 1_000_000


def _localised(naive: pl.Series, reasons: pl.Series, zone: ZoneInfo) -> Times:
    """Place naive times in a zone: a repeated hour is told apart by the clock jumping back."""
    if zone.key == "UTC":
        return _bounded(naive.dt.replace_time_zone("UTC").cast(UTC_TIME), reasons, _calm(naive))
    first, last = (
        naive.dt.replace_time_zone(zone.key, ambiguous=side, non_existent="null")
        for side in ("earliest", "latest")
    )
    ambiguous = (first != last).fill_null(value=False)
    chosen = first
    if ambiguous.any():
        frame = pl.DataFrame({"n": naive, "a": ambiguous, "f": first, "l": last})
        back = (pl.col("n") < pl.col("n").shift()).fill_null(value=False) & pl.col("a")
        chosen = frame.select(
            pl.when(back.cum_sum().over(pl.col("a").rle_id()) > 0).then("l").otherwise("f")
        ).to_series()
    vanished = naive.is_not_null() & first.is_null()
    if vanished.any():
        gone = pl.lit(f"this hour does not exist in {zone.key}: the clock went forward")
        reasons = pl.select(pl.when(vanished).then(gone).otherwise(reasons)).to_series()
    times = chosen.dt.convert_time_zone("UTC").cast(UTC_TIME)
    return _bounded(times, reasons, ambiguous | vanished)


def _bounded(times: pl.Series, reasons: pl.Series, clock_changes: pl.Series) -> Times:
    outside = ((times < _EARLIEST) | (times > _LATEST)).fill_null(value=False)
    if not times.null_count() and not outside.any():
        return Times(times, reasons, clock_changes)
    frame = pl.select(
        t=pl.when(~outside).then(times),
        r=pl.when(outside)
        .then(pl.lit("a time before 1970 or after 2100"))
        .when(times.is_null() & reasons.is_null())
        .then(pl.lit("not a time"))
        .otherwise(reasons),
    )
    return Times(frame["t"], frame["r"], clock_changes)


def looks_like_clock(values: pl.Series) -> bool:
    """Whether a text column holds times of day without a date."""
    known = values.drop_nulls().head(50)
    clock = r"^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*$"
    return len(known) > 0 and bool(known.str.contains(clock).all())
