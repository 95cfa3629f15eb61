"""How the platform itself does: measured every 15 seconds, kept for a year, told in words.

`host`, `storage` and the queue are measured by probes, which a `Sampler` asks; `rollup` says
how many measurements become few, and `ring` keeps them in files that never grow.  `health`
says what needs care, by figures alone; `now` puts together what is told.
"""

from appliance.telemetry.history import History
from appliance.telemetry.jobdays import by_day
from appliance.telemetry.now import platform
from appliance.telemetry.sampler import Sampler, probes

__all__ = ["History", "Sampler", "by_day", "platform", "probes"]
