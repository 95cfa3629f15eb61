"""The events' store: its tables, what new scores and what people do to them, and searches."""

from appliance.events.store.events import EventStore
from appliance.events.store.listing import Key, Order, Search
from appliance.events.store.people import (
    Deed,
    acknowledged,
    assigned,
    closed,
    muted,
    reopened,
    unmuted,
)

__all__ = [
    "Deed",
    "EventStore",
    "Key",
    "Order",
    "Search",
    "acknowledged",
    "assigned",
    "closed",
    "muted",
    "reopened",
    "unmuted",
]
