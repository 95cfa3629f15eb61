"""From windows to the stretches of each asset that they take out; pure and bounded."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.calendar.masks import Masks, Span, merged
from appliance.calendar.rules import occurrences
from appliance.schemas.calendar import WindowDraft


def expand(
    windows: Iterable[WindowDraft], fleet: str, horizon: Span, *, labels: bool = False
) -> Masks:
    """Return the stretches that windows take out of a fleet's assets.

    Parameters
    ----------
    windows
        Of any fleet and of the site.
    horizon
        Half-open time range to look at; stretches that reach out of it are given whole.
    labels
        Also windows whose readings are judged all the same, but not learned from.

    Raises
    ------
    LimitExceeded
        A window holds too often within the horizon.
    """
    wanted = [
        window
        for window in windows
        if not window.kind.learned and (labels or not window.kind.judged)
    ]
    return _stretches(wanted, fleet, horizon)


def normal_running(windows: Iterable[WindowDraft], fleet: str, horizon: Span) -> Masks:
    """Return the stretches that windows call normal; see `expand`."""
    return _stretches([w for w in windows if w.kind.learned], fleet, horizon)


def _stretches(windows: Iterable[WindowDraft], fleet: str, horizon: Span) -> Masks:
    common: list[Span] = []
    own: dict[str, list[Span]] = {}
    for window in windows:
        if window.fleet not in (None, fleet):
            continue
        found = list(occurrences(window, horizon))
        if window.asset is None:
            common += found
        elif found:
            own.setdefault(window.asset, []).extend(found)
    shared = merged(common)
    return Masks(shared, {a: merged((*shared, *some)) for a, some in sorted(own.items())})
