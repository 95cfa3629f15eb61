"""That a machine has drifted, in a sentence, in English and Japanese."""

from __future__ import annotations

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.model import DriftedSensor, DriftNote

_MOST_NAMED = 3
_TEXT: dict[str, tuple[str, str]] = {
    "going on": (
        (
            "Since {since:%Y-%m-%d} it has moved away from its normal little by little: "
            "{sensors}. The days since then are not learned, and what was normal before "
            "stays. If they are its new normal, enter them in the calendar as normal and "
            "train; else look for what wears."
        ),
        (
            "{since:%Y-%m-%d} から少しずつ正常から離れています：{sensors}。"
            "それ以降の日は学習せず、以前の正常をそのまま使います。"
            "これが新しい正常なら、その期間をカレンダーに「正常」として登録してから"
            "学習してください。そうでなければ、劣化しているものを調べてください。"
        ),
    ),
    "over": (
        (
            "From {since:%Y-%m-%d} to {until:%Y-%m-%d} it had moved away from its normal "
            "little by little: {sensors}. It is as before again; the days between are not "
            "learned."
        ),
        (
            "{since:%Y-%m-%d} から {until:%Y-%m-%d} まで少しずつ正常から離れていました："
            "{sensors}。現在は元に戻っていますが、その間の日は学習しません。"
        ),
    ),
    "middle": (
        "{name} by {moved:+g} ({week:+g} a week)",
        "{name} {moved:+g}（週あたり {week:+g}）",
    ),
    "wider": (
        "{name} varies within a day, its deviation by {moved:+g} ({week:+g} a week)",
        "{name} の日内のばらつき（標準偏差）{moved:+g}（週あたり {week:+g}）",
    ),
    "more": ("{n} more", "ほか {n} 件"),
    "comma": ("; ", "、"),
}


def drift_words(note: DriftNote, language: Language = "en") -> str:
    """Return what became of a machine's normal, and what to do."""
    told = [sensor_words(sensor, language) for sensor in note.sensors[:_MOST_NAMED]]
    left = len(note.sensors) - len(told)
    if left:
        told.append(spoken(_TEXT, language, "more", n=left))
    return spoken(
        _TEXT,
        language,
        "over" if note.over else "going on",
        since=note.since,
        until=note.until,
        sensors=spoken(_TEXT, language, "comma").join(told),
    )


def sensor_words(sensor: DriftedSensor, language: Language = "en") -> str:
    """Return how far one sensor went."""
    key = "wider" if sensor.wider else "middle"
    return spoken(
        _TEXT, language, key, name=sensor.name, moved=sensor.moved, week=sensor.per_week
    )
