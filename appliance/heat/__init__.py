"""Heat: by machine and day, how unusual it was; kept beside the scores, never the truth.

The scores tell the same, but a screen of a thousand machines over months would read them all.
"""

from appliance.heat.days import Calendar, calendar_of, summarise
from appliance.heat.store import HeatStore, Stretch

__all__ = ["Calendar", "HeatStore", "Stretch", "calendar_of", "summarise"]
