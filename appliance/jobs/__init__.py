"""Jobs: asked for, kept, claimed fairly and run to their end, also over crashes; schedules.

`store` holds the truth: jobs with their steps and log lines, schedules, and which workers are
alive.  `Jobs` and `Schedules` are what others use.  `cron` is pure and the only door to
croniter; `durable` is the only door to DBOS, which keeps what steps gave.
"""

from appliance.jobs.jobs import Jobs
from appliance.jobs.schedules import Schedules
from appliance.jobs.terms import Patience, Place, Terms

__all__ = ["Jobs", "Patience", "Place", "Schedules", "Terms"]
