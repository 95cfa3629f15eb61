"""What a sensor showed and what would have been normal, in English and Japanese."""

from __future__ import annotations

import math

from appliance.core.spoken import spoken
from appliance.schemas.base import Language

_MOST_DECIMALS = 6
_TEXT: dict[str, tuple[str, str]] = {
    "measured": (
        "{name} {measured}{unit}; normal would have been {expected} ± {width}{unit}.",
        "{name} は {measured}{unit}。正常なら {expected} ± {width}{unit} でした。",
    ),
    "missing": (
        "{name} gave no reading; normal would have been {expected} ± {width}{unit}.",
        "{name} は値がありません。正常なら {expected} ± {width}{unit} でした。",
    ),
}


def expected_words(
    name: str,
    unit: str,
    measured: float | None,
    expected: float,
    width: float,
    language: Language,
) -> str:
    """Say what a sensor showed and what would have been normal, give or take.

    All have as many decimals as two digits of the width need.
    """
    decimals = _decimals(width, expected)
    said = None if measured is None else f"{measured:,.{decimals}f}"
    return spoken(
        _TEXT,
        language,
        "missing" if said is None else "measured",
        name=name,
        unit=f" {unit}" if unit else "",
        measured=said,
        expected=f"{expected:,.{decimals}f}",
        width=f"{width:,.{decimals}f}",
    )


def _decimals(width: float, expected: float) -> int:
    size = width or abs(expected) / 100
    if not size:
        return 1
    return min(max(1 - math.floor(math.log10(size)), 0), _MOST_DECIMALS)
