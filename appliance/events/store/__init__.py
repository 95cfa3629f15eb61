"""The events' tables (`tables`), changes by new scores (`changes`) and the store itself."""

from appliance.events.store.events import EventStore

__all__ = ["EventStore"]
