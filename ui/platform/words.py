"""What needs care, and the parts of the platform, as people read them."""

from __future__ import annotations

from datetime import timedelta

from appliance.schemas.platform import Trouble
from ui import formats
from ui.text import known, t

_SIZES = frozenset({"free", "total", "per_day"})


def text_of(one: Trouble) -> str:
    """Return what needs care, in the reader's language."""
    if not known(f"platform.trouble_{one.code}"):
        return one.text
    told = {name: _value(name, value) for name, value in one.values.items()}
    return t(f"platform.trouble_{one.code}", subject=one.subject, **told)


def remedy_of(one: Trouble) -> str:
    """Return what to do about it."""
    if known(f"platform.remedy_{one.code}"):
        return t(f"platform.remedy_{one.code}", subject=one.subject)
    return one.remedy


def _value(name: str, value: float) -> str:
    if name in _SIZES:
        return formats.size(value)
    if name == "seconds":
        return formats.span(timedelta(seconds=value))
    if name == "days":
        return t("platform.n_days", n=formats.number(max(round(value), 1)))
    return formats.number(value)


def role_name(role: str) -> str:
    """Return what a kind of process is called."""
    return t(f"platform.role_{role}")


def part_name(part: str) -> str:
    """Return what a part of the home is called."""
    return t(f"platform.home_{part}") if known(f"platform.home_{part}") else part


def cores(used: float | None) -> str:
    """Return how many processors' worth of time is used."""
    return "–" if used is None else t("platform.n_cores", n=formats.number(used, 2))
