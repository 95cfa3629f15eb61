"""Pages of lists: a cursor says where the next one begins, whatever was added before it."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query

from appliance.api.limits import MOST_ITEMS
from appliance.core.errors import InvalidRequest
from appliance.schemas.base import Schema

Item = TypeVar("Item")
Key = TypeVar("Key", str, int)

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Items on the page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before; none: the first.")
]


class Page(Schema, Generic[Item]):
    """Some items of a list.

    Attributes
    ----------
    next
        Cursor of the page after this one; None on the last.
    """

    items: tuple[Item, ...]
    next: str | None = None


def cursor_of(*key: str | int) -> str:
    """Return the cursor of an item, by what the list is sorted by."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Return what a cursor says, of the kinds given; None without one.

    Raises
    ------
    InvalidRequest
        It is not one of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise _no_cursor() from error
    if not isinstance(found, list) or [type(part) for part in found] != list(kinds):
        raise _no_cursor()
    return tuple(found)


def only_key(cursor: str | None, kind: type[Key]) -> Key | None:
    """Return what a cursor of a list sorted by one thing says; see `key_of`."""
    key = key_of(cursor, kind)
    return None if key is None else key[0]


def moment_in(text: str) -> datetime:
    """Return the moment that a cursor holds.

    Raises
    ------
    InvalidRequest
        It is none, or has no zone.
    """
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no_cursor() from error
    return moment


def page(items: list[Item], limit: int, key: Any) -> Page[Item]:
    """Return the first `limit` of some items; one more than those shows that there are more.

    Parameters
    ----------
    key
        Of an item, what its cursor holds.
    """
    more = len(items) > limit
    shown = tuple(items[:limit])
    return Page(items=shown, next=cursor_of(*key(shown[-1])) if more else None)


def _no_cursor() -> InvalidRequest:
    return InvalidRequest("the cursor is not one of this list.", remedy="Begin without one.")
