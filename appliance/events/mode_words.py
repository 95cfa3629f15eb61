"""An operating mode in words, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.mode import ModeTrait

_LARGE = 1_000

_TEXT: dict[str, tuple[str, str]] = {
    "stopped": ("stopped", "停止中"),
    "only": ("normal running", "通常運転"),
    "mode": ("mode with {traits}", "{traits}運転"),
    "in_mode": (", in the mode with {traits}", "、{traits}運転中に"),
    "in_stop": (", while stopped", "、停止中に"),
    "comma": (", ", "、"),
    "and": (" and ", "、"),
    "low": ("low {name}", "{name} が低い"),
    "high": ("high {name}", "{name} が高い"),
    "medium": ("{name} near {value}", "{name} が {value} 前後の"),
    "off": ("{name} off", "{name} がオフの"),
    "on": ("{name} on", "{name} がオンの"),
    "is": ("{name} {word}", "{name} が {word} の"),
}
# Japanese joins traits by another form of each but the last.
_JOINED = {
    "low": "{name} が低く",
    "high": "{name} が高く",
    "medium": "{name} が {value} 前後で",
    "off": "{name} がオフで",
    "on": "{name} がオンで",
    "is": "{name} が {word} で",
}


def mode_words(
    traits: Sequence[ModeTrait],
    language: Language,
    *,
    stopped: bool = False,
    units: Mapping[str, str] | None = None,
) -> str:
    """Say which mode it is.

    Parameters
    ----------
    traits
        What tells it from the others; without any it is the only one.
    stopped
        It is the mode of a machine that does not run.
    units
        Of the columns, by name.
    """
    if stopped:
        return _say(language, "stopped")
    if not traits:
        return _say(language, "only")
    return _say(language, "mode", traits=_traits(traits, language, units or {}))


def mode_clause(
    traits: Sequence[ModeTrait],
    language: Language,
    *,
    stopped: bool = False,
    units: Mapping[str, str] | None = None,
) -> str:
    """Say the same as a part of a sentence on what happened; nothing for the only mode."""
    if stopped:
        return _say(language, "in_stop")
    if not traits:
        return ""
    return _say(language, "in_mode", traits=_traits(traits, language, units or {}))


def _traits(traits: Sequence[ModeTrait], language: Language, units: Mapping[str, str]) -> str:
    said = []
    for number, trait in enumerate(traits, 1):
        unit = units.get(trait.sensor, "")
        value = f"{_number(trait.value)} {unit}".rstrip()
        facts = {"name": trait.sensor, "value": value, "word": trait.word}
        if language == "ja" and number < len(traits):
            said.append(_JOINED[trait.level].format(**facts))
        else:
            said.append(_say(language, trait.level, **facts))
    first = _say(language, "comma").join(said[:-1])
    return f"{first}{_say(language, 'and')}{said[-1]}" if first else said[-1]


def _number(value: float) -> str:
    """Return a number of three digits, or of all before the point."""
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"


def _say(language: Language, key: str, **values: str) -> str:
    return spoken(_TEXT, language, key, **values)
