"""Machines of many sites over time, on one time axis.  Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from math import inf
from typing import Any

from appliance.gateway.orders import moment

_GRAVITY = ".0um1234"
"""Characters of cells, those that win over others last."""
MOST = 1_000
"""Rows that an answer shows at most."""
_URGENCY = {"act": 0, "plan": 1, "watch": 2, None: 3}


def lanes(told: Mapping[str, Mapping[str, Any]], limit: int = MOST) -> dict[str, Any]:
    """Return the lanes of many sites as one: those to look at first on top.

    Each site tells of its own stretches of time: what lies in a stretch of the common axis is
    shown by the gravest of it.

    Parameters
    ----------
    limit
        Rows that are shown at most.
    """
    kinds = Counter[str]()
    for each in told.values():
        kinds[str(each.get("kind", "time"))] += len(each.get("rows", ()))
    kind = max(kinds, key=lambda one: (kinds[one], one == "time"), default="time")
    every = {site: one for site, one in told.items() if str(one.get("kind", "time")) == kind}
    axis = _axis(every.values())
    edges = {site: _edges(each) for site, each in every.items()}
    rows = [
        row if edges[site] == axis else _row(row, edges[site], axis)
        for site, row in islice(_ordered(every), limit)
    ]
    zones = {str(each.get("timezone")) for each in every.values()}
    return {
        "kind": kind,
        "timezone": zones.pop() if len(zones) == 1 else "UTC",
        "starts": [_text(one) for one in axis[:-1]],
        "end": _text(axis[-1]) if axis else None,
        "rows": rows,
        "total": sum(int(each.get("total") or 0) for each in every.values()),
        "coverage": _coverage(every.values()),
        "unready": [one for each in every.values() for one in each.get("unready", ())],
    }


def thin(told: Mapping[str, Mapping[str, Any]], limit: int) -> list[str]:
    """Return the sites all of whose rows would be shown, though they have more than they told.

    Parameters
    ----------
    limit
        Rows that are shown at most.
    """
    shown = Counter(site for site, _ in islice(_ordered(told), limit))
    return [
        site
        for site, each in told.items()
        if shown[site] == len(each.get("rows", ())) < min(int(each.get("total") or 0), limit)
    ]


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _edges(lane: Mapping[str, Any]) -> list[float]:
    """Return the bounds of a lane's stretches; none where it has none."""
    starts = [moment(one) for one in lane.get("starts", ())]
    return [*starts, moment(lane.get("end"))] if starts else []


def _axis(every: Any) -> list[float]:
    found = [edges for one in every if (edges := _edges(one))]
    if not found:
        return []
    low, high = min(one[0] for one in found), max(one[-1] for one in found)
    count = max(len(one) for one in found) - 1
    if all(one == found[0] for one in found):
        return found[0]
    return [low + (high - low) * place / count for place in range(count + 1)]


def _ordered(told: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of all sites with their sites, those to look at first on top."""
    merged = heapq.merge(
        *(_ranked(site, each) for site, each in told.items()), key=lambda one: one[0]
    )
    for _, site, row in merged:
        yield site, {**row, "fleet": f"{row.get('fleet')}@{site}"}


def _ranked(
    site: str, lane: Mapping[str, Any]
) -> Iterator[tuple[tuple[int, float, int, str], str, Mapping[str, Any]]]:
    """Yield the rows of a site in its own order, which knows more than the rows tell."""
    rank = (0, -inf)
    for place, row in enumerate(lane.get("rows", ())):
        rank = max(rank, _rank(row))
        yield (*rank, place, site), site, row


def _row(row: Mapping[str, Any], edges: Sequence[float], axis: Sequence[float]) -> Any:
    count = max(len(axis) - 1, 0)
    cells = ["."] * count
    peaks: list[int | None] = [None] * count
    told, high = str(row.get("cells", "")), row.get("peaks", ())
    width = (axis[-1] - axis[0]) / count if count else 1.0
    for place, (start, end) in enumerate(pairwise(edges)):
        first = int((start - axis[0]) / width)
        last = max(first, int((end - axis[0]) / width - 1e-9))
        for at in range(max(first, 0), min(last + 1, count)):
            cell = told[place] if place < len(told) else "."
            cells[at] = max(cells[at], cell, key=_grave)
            peak = high[place] if place < len(high) else None
            if peak is not None:
                peaks[at] = max(peak, peaks[at] or 0)
    return {**row, "cells": "".join(cells), "peaks": peaks}


def _grave(cell: str) -> int:
    return _GRAVITY.find(cell)


def _rank(row: Mapping[str, Any]) -> tuple[int, float]:
    peak = max((one for one in row.get("peaks", ()) if one is not None), default=0)
    return _URGENCY.get(row.get("urgency"), 3), -float(peak)


def _coverage(every: Any) -> float | None:
    known = [
        (float(one["coverage"]), int(one.get("total") or 0))
        for one in every
        if one.get("coverage") is not None
    ]
    total = sum(count for _, count in known)
    return sum(share * count for share, count in known) / total if total else None
