"""Lists of many sites as one: merged by their order, page by page, nothing lost or doubled.

A cursor holds a place for each site: the site's own cursor of a page, and the last item that
was given from that page.  The page is asked for again, and what was given is passed over; an
item that is gone by then is passed over by the order, as is what the site put before it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.core.errors import InvalidRequest, SiteAway
from appliance.gateway.orders import Item, Order, Value, identity

_LONGEST = 64 * 2**10
Fetch = Callable[[str, str | None], Awaitable[tuple[Sequence[Item], str | None]]]
"""Gives a page of a site, from a cursor of it, and the cursor of the next.  `SiteAway` if the
site cannot be asked."""


@dataclass(frozen=True)
class Place:
    """How far a site's list was given.

    Attributes
    ----------
    cursor
        The site's own, of the page that comes next or was begun.
    last
        Identity of the last item given from that page; empty if none was.
    values
        What that item was ordered by.
    """

    cursor: str | None = None
    last: str = ""
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Merged:
    """One page of all sites' lists.

    Attributes
    ----------
    items
        With the site that each is of.
    next
        Cursor of the page after it; None on the last.
    away
        Sites that could not be asked.
    """

    items: Sequence[tuple[str, Item]]
    next: str | None
    away: frozenset[str]


@dataclass
class _Reading:
    """One site's list, as it is read."""

    site: str
    place: Place
    order: Order
    items: list[Item] = field(default_factory=list)
    at: int = 0
    following: str | None = None
    read: bool = False
    lost: bool = False

    @property
    def dry(self) -> bool:
        """Whether there is more, but not here yet."""
        return not self.lost and self.at >= len(self.items) and not self.ended

    @property
    def ended(self) -> bool:
        return self.read and self.at >= len(self.items) and self.following is None

    async def fill(self, fetch: Fetch) -> None:
        """Read on until an item is there, or the end."""
        while self.dry:
            if self.read:
                self.place = Place(self.following)
            try:
                found, following = await fetch(self.site, self.place.cursor)
            except SiteAway:
                self.lost = True
                return
            self.items, self.following, self.read = list(found), following, True
            self.at = self._given()

    def _given(self) -> int:
        """Return how many items of the page were given before."""
        if not self.place.last:
            return 0
        for index, item in enumerate(self.items):
            if identity(item) == self.place.last:
                return index + 1
        if not self.place.values:
            return 0
        try:
            last = self.order.key(self.place.values)
            keys = (self.order.key(self.order.values(item)) for item in self.items)
            return sum(1 for key in keys if key <= last)
        except (TypeError, ValueError) as error:  # the cursor is of another list
            raise _no_cursor() from error

    def take(self) -> Item:
        """Return the next item."""
        item = self.items[self.at]
        self.at += 1
        self.place = Place(self.place.cursor, identity(item), self.order.values(item))
        return item

    def rest(self) -> Place | None:
        """Return where the next page goes on; None at the end."""
        if self.ended:
            return None
        if self.read and not self.lost and self.at >= len(self.items):
            return Place(self.following)
        return self.place


async def merge(places: Mapping[str, Place], fetch: Fetch, order: Order, limit: int) -> Merged:
    """Return the next items of all sites' lists.

    Parameters
    ----------
    places
        How far each site's list was given.
    limit
        Items on the page.
    """
    lists = [_Reading(site, place, order) for site, place in sorted(places.items())]
    await asyncio.gather(*(one.fill(fetch) for one in lists))
    items: list[tuple[str, Item]] = []
    while len(items) < limit:
        ready = [one for one in lists if one.at < len(one.items)]
        if not ready:
            break
        first = min(ready, key=lambda one: order.key(order.values(one.items[one.at])))
        items.append((first.site, first.take()))
        await first.fill(fetch)
    away = frozenset(one.site for one in lists if one.lost)
    left = {one.site: rest for one in lists if (rest := one.rest()) is not None}
    # Only sites that are away are left: whoever goes through all pages comes to an end.
    more = any(site not in away for site in left)
    return Merged(items, cursor_of(left) if more else None, away)


def cursor_of(places: Mapping[str, Place]) -> str:
    """Return places as one cursor."""
    told = {site: [one.cursor, one.last, list(one.values)] for site, one in places.items()}
    packed = zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 6)
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def places_of(cursor: str | None, sites: Sequence[str]) -> dict[str, Place]:
    """Return the places that a cursor holds; the beginning of every site's list without one.

    Raises
    ------
    InvalidRequest
        It is none of ours.
    """
    if cursor is None:
        return {site: Place() for site in sites}
    try:
        packed = base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"))
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(packed, _LONGEST)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise _no_cursor()
        told: Any = json.loads(raw)
        found = {str(site): _place(one) for site, one in told.items()}
    except (ValueError, binascii.Error, zlib.error, AttributeError, RecursionError) as error:
        raise _no_cursor() from error
    return {site: place for site, place in found.items() if site in sites}


def _place(told: Any) -> Place:
    if not isinstance(told, list) or len(told) != 3 or not isinstance(told[2], list):
        raise _no_cursor()
    cursor, last, values = told
    if not (cursor is None or isinstance(cursor, str)) or not isinstance(last, str):
        raise _no_cursor()
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) for one in values):
        raise _no_cursor()
    return Place(cursor, last, tuple(values))


def _no_cursor() -> InvalidRequest:
    return InvalidRequest("the cursor is not one of this list.", remedy="Begin without one.")
