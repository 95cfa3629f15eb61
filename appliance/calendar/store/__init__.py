"""The calendar's tables, its windows (`windows`) and what scores know of them (`marks`)."""

from appliance.calendar.store.marks import MarkStore
from appliance.calendar.store.windows import WindowStore

__all__ = ["MarkStore", "WindowStore"]
