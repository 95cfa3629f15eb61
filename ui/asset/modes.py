"""The operating modes that a machine runs in, as its traces show them."""

from __future__ import annotations

from appliance.schemas.mode import ModesTold
from ui.components.traces import Modes


def shown(told: ModesTold) -> Modes | None:
    """Return the modes as they are drawn; None where the model keeps none."""
    if not told.modes:
        return None
    numbers = [one.mode for one in told.modes]
    normal: dict[str, list[tuple[float, float] | None]] = {}
    for at, one in enumerate(told.modes):
        for band in one.bands:
            bounds = normal.setdefault(band.sensor, [None] * len(numbers))
            bounds[at] = band.low, band.high
    spans = [
        (one.start, one.end, numbers.index(one.mode))
        for one in told.stretches
        if one.mode in numbers
    ]
    return Modes([one.words for one in told.modes], numbers, spans, normal)
