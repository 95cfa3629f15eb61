"""By what the lists of the API are ordered, and what tells two of their items apart.  Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import total_ordering
from typing import Any

from typing_extensions import override

from appliance.events.urgency import rank_of
from appliance.schemas.event import EventKind, EventState, Severity

Item = Mapping[str, Any]
Value = str | float


@total_ordering
class _Turned:
    """Orders the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and self.value == other.value

    def __lt__(self, other: _Turned) -> bool:
        return other.value < self.value  # type: ignore[operator]

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Order:
    """How a list is ordered.

    Attributes
    ----------
    values
        Gives what an item is ordered by, as JSON can hold it.
    falling
        Whether the largest come first, for each of the values.
    """

    values: Callable[[Item], tuple[Value, ...]]
    falling: tuple[bool, ...]

    def key(self, values: tuple[Value, ...]) -> tuple[Any, ...]:
        """Return what sorts as the list is ordered."""
        return tuple(
            _Turned(value) if down else value
            for value, down in zip(values, self.falling, strict=True)
        )


def _text(*names: str) -> Callable[[Item], tuple[Value, ...]]:
    return lambda item: tuple(str(item.get(name) or "") for name in names)


def moment(text: object) -> float:
    """Return a time of an answer in seconds since 1970; 0 for what is none."""
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _urgency(item: Item) -> tuple[Value, ...]:
    try:
        rank = rank_of(
            EventState(item["state"]), EventKind(item["kind"]), Severity(item["severity"])
        )
    except (KeyError, ValueError):
        rank = 99
    threshold = max(float(item.get("threshold") or 0.0), 1e-9)
    calm = -float(item.get("peak") or 0.0) / threshold
    return rank, calm, moment(item.get("start")), str(item.get("id", ""))


def _time(item: Item) -> tuple[Value, ...]:
    return moment(item.get("start")), str(item.get("id", ""))


def _start(item: Item) -> tuple[Value, ...]:
    return moment(item.get("start")), str(item.get("fleet") or ""), str(item.get("asset") or "")


_NAME = Order(_text("name"), (False,))
_NEWEST = Order(_text("id"), (True,))
_ORDERS: Mapping[str, Order] = {
    "/fleets": Order(_text("fleet"), (False,)),
    "/scorecard": Order(_text("fleet"), (False,)),
    "/events": Order(_urgency, (False, False, False, False)),
    "/jobs": _NEWEST,
    "/approvals": _NEWEST,
    "/deliveries": _NEWEST,
    "/calendar": Order(_text("id"), (False,)),
    "/calendar/times": Order(_start, (False, False, False)),
    "/channels": _NAME,
    "/sources": _NAME,
    "/schedules": _NAME,
    "/recipes": Order(_text("name", "project"), (False, False)),
}
_BY_TIME = Order(_time, (True, True))
_NONE = Order(lambda _: (), ())


def order_of(path: str, sort: str | None = None) -> Order:
    """Return how a list is ordered; one that is not known goes site by site."""
    if path == "/events" and sort == "time":
        return _BY_TIME
    return _ORDERS.get(path, _NONE)


_IDENTITY = ("id", "fleet", "name", "project", "window", "start", "asset")


def identity(item: Item) -> str:
    """Return what tells an item from all others of its list, for as long as it is there."""
    told = [item["id"]] if isinstance(item.get("id"), str) else _named(item)
    text = json.dumps(told or item, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named(item: Item) -> list[Any]:
    return [item[name] for name in _IDENTITY if isinstance(item.get(name), str)]
