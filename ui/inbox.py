"""What a list of events shows, as words of its address; pure.

A link to an event carries the words of the list that it was opened from, so that the page of
the event knows which come before and after it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from appliance.client.events import EventQuery
from appliance.schemas.event import UNCLOSED, EventState

STATES = ("waiting", "open", "acknowledged", "muted", "closed", "withdrawn", "all")
SEVERITIES = ("act", "plan", "watch")
KINDS = ("anomaly", "sensor_fault")
DAYS = ("1", "7", "30", "90", "365")
RANGE = "range"
"""In place of days: from one moment to another, both of the address."""
SORTS = ("urgency", "time")
MINE = "mine"
ON_A_PAGE = 50
_LONGEST_TEXT = 100
_LONGEST_NAME = 40
_LONGEST_CURSOR = 500
_MOST_SECONDS = 11
_DEEDS = {
    "waiting": ("acknowledge", "close", "assign", "mute"),
    "open": ("acknowledge", "close", "assign", "mute"),
    "acknowledged": ("close", "assign", "mute", "reopen"),
    "muted": ("unmute", "close", "assign"),
    "closed": ("reopen", "assign"),
    "withdrawn": (),
    "all": ("acknowledge", "close", "assign", "mute", "reopen"),
}


@dataclass(frozen=True)
class Wanted:
    """Which events a list shows; an empty word does not matter.

    Attributes
    ----------
    owner
        `MINE`: those that whoever looks is to take care of.
    days
        Only those that end within so many days before now; `RANGE` takes `from_` and `to`.
    repeats
        Only repeats of this event.
    from_, to
        Whole seconds since 1970, UTC, between which an event was; empty leaves an end open.
    after
        Where the page begins, as the site said at the end of the one before.
    page
        Its number, for those who read it.
    """

    fleet: str = ""
    state: str = "waiting"
    severity: str = ""
    kind: str = ""
    owner: str = ""
    days: str = ""
    text: str = ""
    sort: str = "urgency"
    after: str = ""
    page: str = "1"
    from_: str = ""
    to: str = ""
    repeats: str = ""

    def words(self) -> dict[str, str]:
        """Return the words of the address; what is usual is not said."""
        usual = Wanted()
        told = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {
            name.rstrip("_"): word
            for name, word in told.items()
            if word != getattr(usual, name)
        }

    def address(self, **changes: str) -> str:
        """Return the address of this list, or of one that differs; then of its first page."""
        if changes and "after" not in changes:
            changes |= {"after": "", "page": "1"}
        words = replace(self, **changes).words()
        return f"/events?{urlencode(words)}" if words else "/events"

    def next_page(self, cursor: str) -> str:
        """Return the address of the page that a cursor leads to."""
        return self.address(after=cursor, page=str(int(self.page) + 1))

    def event(self, event: str, at: int) -> str:
        """Return the address of the event that stands at a place of this page."""
        told = {"id": event, "list": urlencode(self.words()), "at": str(at)}
        return f"/event?{urlencode({name: word for name, word in told.items() if word})}"

    @property
    def deeds(self) -> tuple[str, ...]:
        """What can be done to events of such a list."""
        return _DEEDS[self.state]

    def query(self, me: str) -> EventQuery:
        """Return what to ask the site for; `me` is whoever looks."""
        asked = EventQuery(sort="time" if self.sort == "time" else "urgency", text=self.text)
        if self.state in ("waiting", "muted"):
            asked["state"], asked["muted"] = UNCLOSED, self.state == "muted"
        elif self.state == "all":
            asked["state"] = tuple(EventState)
        else:
            asked["state"] = self.state
        if self.fleet:
            asked["fleet"] = self.fleet
        if self.severity:
            asked["severity"] = self.severity
        if self.kind:
            asked["kind"] = self.kind
        if self.owner == MINE:
            asked["owner"] = me
        if self.repeats:
            asked["repeats"] = self.repeats
        return asked

    def start(self, now: datetime) -> datetime | None:
        """Return the moment before which nothing is shown that had ended."""
        if self.days == RANGE:
            return _moment(self.from_)
        return now - timedelta(days=int(self.days)) if self.days else None

    @property
    def end(self) -> datetime | None:
        """The moment after which nothing is shown that had not begun."""
        return _moment(self.to) if self.days == RANGE else None


def _moment(word: str) -> datetime | None:
    return datetime.fromtimestamp(int(word), UTC) if word else None


def wanted(words: Mapping[str, Any]) -> Wanted:
    """Return what an address asks for; words that mean nothing are left aside."""

    def one_of(name: str, options: tuple[str, ...], usual: str = "") -> str:
        word = str(words.get(name, usual))
        return word if word in options else usual

    def seconds(name: str) -> str:
        word = str(words.get(name, ""))
        ranged = words.get("days") == RANGE
        return word if ranged and word.isdecimal() and len(word) <= _MOST_SECONDS else ""

    page = str(words.get("page", "1"))
    after = str(words.get("after", ""))
    return Wanted(
        fleet=str(words.get("fleet", "")),
        state=one_of("state", STATES, "waiting"),
        severity=one_of("severity", SEVERITIES),
        kind=one_of("kind", KINDS),
        owner=one_of("owner", (MINE,)),
        days=one_of("days", (*DAYS, RANGE)),
        from_=seconds("from"),
        to=seconds("to"),
        text=str(words.get("text", "")).strip()[:_LONGEST_TEXT],
        repeats=str(words.get("repeats", ""))[:_LONGEST_NAME],
        sort=one_of("sort", SORTS, "urgency"),
        after=after if len(after) <= _LONGEST_CURSOR else "",
        page=page if after and page.isdecimal() and len(page) < 6 else "1",
    )


def listed(text: str) -> Wanted:
    """Return the list that an event was opened from, as its address tells it."""
    return wanted(dict(parse_qsl(text)))


@dataclass(frozen=True)
class Neighbours:
    """What stands before and after an event in its list, by place."""

    place: int | None
    before: int | None
    after: int | None


def neighbours(events: list[str], event: str, at: int) -> Neighbours:
    """Return the places around an event; where it has left the list, around where it was."""
    if event in events:
        place = events.index(event)
        after = place + 1 if place + 1 < len(events) else None
        return Neighbours(place, place - 1 if place else None, after)
    at = min(max(at, 0), len(events))
    return Neighbours(None, at - 1 if at else None, at if at < len(events) else None)
