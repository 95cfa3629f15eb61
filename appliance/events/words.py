"""An event as one plain sentence, in English and Japanese."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.event import Event, EventDraft, EventKind, SensorShare
from appliance.schemas.manifest import TimeKind

_NAMED = 3
_NAMED_FROM = 0.1
_RAREST = 9.0
"""Surprise beyond which a count of readings says nothing to anybody."""
_SIZES: dict[Language, tuple[tuple[int, str], ...]] = {
    "en": ((1_000_000, "million"),),
    "ja": ((100_000_000, "億"), (10_000, "万")),
}
_LONGEST_REMARK = 80
_FIRST_CYCLE = datetime(2000, 1, 1, tzinfo=UTC)
_CYCLE = timedelta(hours=1)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
"""Not as the machine's language would have them."""
_FAULTS = ("missing", "frozen", "out of limits")

_TEXT: dict[str, tuple[str, str]] = {
    "ended": (
        "{asset} ran unusually from {start} to {end} ({length}){mode}{drivers}. {rare}",
        (
            "{asset} は {start} から {end} まで（{length}）{mode}通常と異なる状態でした。"
            "{drivers}{rare}"
        ),
    ),
    "ongoing": (
        (
            "{asset} has been running unusually since {start} ({length} so far)"
            "{mode}{drivers}. {rare}"
        ),
        "{asset} は {start} から（{length}継続中）{mode}通常と異なる状態です。{drivers}{rare}",
    ),
    "rare": (
        "In normal running, only one reading in {count} is as unusual as its peak.",
        "ピーク時ほどの値は、正常運転では {count}件に 1 件しか現れません。",
    ),
    "rarest": (
        "In normal running, not one reading in a billion is as unusual as its peak.",
        "ピーク時ほどの値は、正常運転では 10 億件に 1 件も現れません。",
    ),
    "drivers": (", mainly because of {names}", "主な要因は {names}です。"),
    "driver": ("{name} ({share}{way})", "{name}（{share}{way}）"),
    "above": (", above normal", "、通常より高い"),
    "below": (", below normal", "、通常より低い"),
    "fault": (
        "Sensor {name} of {asset} {what} from {start} to {end} ({length}).",
        "{asset} のセンサー {name} は {start} から {end} まで（{length}）{what}。",
    ),
    "fault_ongoing": (
        "Sensor {name} of {asset} {what} since {start} ({length} so far).",
        "{asset} のセンサー {name} は {start} から（{length}継続中）{what}。",
    ),
    "missing": ("gave no value", "値が欠測していました"),
    "missing_ongoing": ("has given no value", "値が欠測しています"),
    "frozen": ("was frozen at one value", "同じ値で固着していました"),
    "frozen_ongoing": ("has been frozen at one value", "同じ値で固着しています"),
    "out of limits": ("read values out of its limits", "範囲外の値を示していました"),
    "out of limits_ongoing": (
        "has been reading values out of its limits",
        "範囲外の値を示しています",
    ),
    "fault_other": ("could not be trusted", "信頼できない状態でした"),
    "fault_other_ongoing": ("has not been trustworthy", "信頼できない状態です"),
    "last_time": (
        "Last time this looked alike: {when} on {asset}, closed as {verdict}{remark}.",
        "前回の似た事例: {when} の {asset}、判定は{verdict}{remark}。",
    ),
    "true": ("true", "「正しい」"),
    "false": ("a false alarm", "「誤報」"),
    "planned": ("planned", "「計画作業」"),
    "remark": (": {text}", "（{text}）"),
    "moment": ("{day}, {hour}", "{day} {hour}"),
    "cycle": ("cycle {number}", "サイクル {number}"),
    "cycles": ("{count} cycles", "{count} サイクル"),
    "days": ("{n} d", "{n} 日"),
    "hours": ("{n} h", "{n} 時間"),
    "minutes": ("{n} min", "{n} 分"),
    "seconds": ("{n} s", "{n} 秒"),
    "and": (" and ", "、"),
    "comma": (", ", "、"),
}


def sentence(
    event: EventDraft,
    language: Language,
    zone: ZoneInfo,
    *,
    time_kind: TimeKind = "time",
    mode: str = "",
) -> str:
    """Say in one sentence what an event is.

    Parameters
    ----------
    event
        A draft, or an event of the store.
    language
        ``en`` or ``ja``.
    zone
        Zone that times are told in.
    time_kind
        ``cycle`` where the fleet counts cycles instead of time.
    mode
        What `mode_words.mode_clause` says of the mode that the machine was in.
    """
    cycles = time_kind == "cycle"
    start, end = (_cycle if cycles else _clock)(event, language, zone)
    facts = {
        "asset": event.asset,
        "start": start,
        "end": end,
        "length": _length(event, language, cycles=cycles),
    }
    if event.kind is EventKind.SENSOR_FAULT:
        return _fault(event, language, facts)
    return _say(
        language,
        "ongoing" if event.ongoing else "ended",
        rare=_rare(event.peak, language),
        drivers=_drivers(event.sensors, language),
        mode=mode,
        **facts,
    )


def last_time(
    before: Event,
    remark: str,
    language: Language,
    zone: ZoneInfo,
    *,
    time_kind: TimeKind = "time",
) -> str:
    """Say in one sentence what became of an earlier event that looked alike.

    Parameters
    ----------
    before
        A closed event.
    remark
        What was said of it last; nothing if empty.
    """
    if time_kind == "cycle":
        when = _say(language, "cycle", number=cycle_of(before.start))
    else:
        when = _day(before.start.astimezone(zone), language)
    text = " ".join(remark.split())
    if len(text) > _LONGEST_REMARK:
        text = f"{text[: _LONGEST_REMARK - 1].rstrip()}…"
    return _say(
        language,
        "last_time",
        when=when,
        asset=before.asset,
        verdict=_say(language, before.verdict or "true"),
        remark=_say(language, "remark", text=text.rstrip(".。")) if text else "",
    )


def _say(language: Language, key: str, **values: str) -> str:
    return spoken(_TEXT, language, key, **values)


def _fault(event: EventDraft, language: Language, facts: dict[str, str]) -> str:
    kind = event.sensors[0].note if event.sensors else ""
    name = event.sensors[0].name if event.sensors else "?"
    ending = "_ongoing" if event.ongoing else ""
    what = _say(language, f"{kind if kind in _FAULTS else 'fault_other'}{ending}")
    return _say(language, f"fault{ending}", name=name, what=what, **facts)


def _rare(peak: float, language: Language) -> str:
    if not peak < _RAREST:
        return _say(language, "rarest")
    count = int(float(f"{10.0 ** max(peak, 0.0):.1g}"))
    return _say(language, "rare", count=_count(count, language))


def _count(count: int, language: Language) -> str:
    """Return a large number as it is said."""
    for size, word in _SIZES[language]:
        if count >= size:
            return f"{count // size:,} {word}"
    return f"{count:,}" if language == "en" else f"{count:,} "


def _drivers(sensors: tuple[SensorShare, ...], language: Language) -> str:
    named = [s for s in sensors[:_NAMED] if s.share >= _NAMED_FROM] or list(sensors[:1])
    if not named:
        return ""
    words = [
        _say(
            language,
            "driver",
            name=sensor.name,
            share=f"{sensor.share:.0%}",
            way=_way(sensor.direction, language),
        )
        for sensor in named
    ]
    names = _say(language, "comma").join(words[:-1])
    names = f"{names}{_say(language, 'and')}{words[-1]}" if names else words[-1]
    return _say(language, "drivers", names=names)


def _way(direction: int, language: Language) -> str:
    return _say(language, "above" if direction > 0 else "below") if direction else ""


# ---------------------------------------------------------------- time
def _clock(event: EventDraft, language: Language, zone: ZoneInfo) -> tuple[str, str]:
    start, end = event.start.astimezone(zone), event.end.astimezone(zone)
    hour = "%H:%M" if end - start >= timedelta(minutes=2) else "%H:%M:%S"
    first = _say(language, "moment", day=_day(start, language), hour=f"{start:{hour}}")
    if start.date() == end.date():
        return first, f"{end:{hour}}"
    return first, _say(language, "moment", day=_day(end, language), hour=f"{end:{hour}}")


def _day(moment: datetime, language: Language) -> str:
    if language == "ja":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _cycle(event: EventDraft, language: Language, _zone: ZoneInfo) -> tuple[str, str]:
    first, last = (
        _say(language, "cycle", number=cycle_of(moment)) for moment in (event.start, event.end)
    )
    return first, last


def cycle_of(moment: datetime) -> str:
    """Return the number of the cycle that a moment stands for in a fleet of cycles."""
    return f"{round((moment - _FIRST_CYCLE) / _CYCLE, 3):.10g}"


def moment_of(cycle: float) -> datetime:
    """Return the moment that stands for a cycle."""
    return _FIRST_CYCLE + cycle * _CYCLE


def cycles_in(event: EventDraft) -> str:
    """Return how many cycles an event lasted, its first and last among them."""
    return f"{(event.end - event.start) / _CYCLE + 1:.10g}"


def _length(event: EventDraft, language: Language, *, cycles: bool) -> str:
    span = event.end - event.start
    if cycles:
        return _say(language, "cycles", count=cycles_in(event))
    seconds = round(span.total_seconds())
    sizes = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
    parts: list[str] = []
    for name, size in sizes.items():
        count, seconds = divmod(seconds, size)
        if count or (name == "seconds" and not parts):
            parts.append(_say(language, name, n=f"{count:,}"))
    return " ".join(parts[:2])
