"""Lives of machines: from new or repaired to a failure, and what is learned from them."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.manifest import TimeKind


class LearnLivesArguments(Schema):
    """How a fleet's lives are learned from.

    Attributes
    ----------
    cap_days
        Life left from which on a machine counts as new, in days; 24 cycles are one.  0.6 median
        lives if not given.
    from_repair
        Only lives that begin at a repair: the machines were not new when their recording began.
    """

    cap_days: float | None = Field(None, gt=0, le=36_500, examples=[90.0])
    from_repair: bool = False


class Life(Schema):
    """One life of a machine.

    Attributes
    ----------
    number
        Which of the machine's lives it is; the first begins with its first reading, another
        when a failure was over.
    end
        The beginning of the failure; of a life that goes on, the machine's last reading.
    failed
        Whether it ended in a failure.
    window
        The calendar's window that tells of the failure.
    """

    asset: str = Field(examples=["P-101"])
    number: int = Field(ge=1, examples=[1])
    start: AwareDatetime = Field(examples=["2025-11-02T08:00:00Z"])
    end: AwareDatetime = Field(examples=["2026-03-01T08:00:00Z"])
    failed: bool
    window: str | None = None


class LifeAside(Schema):
    """A life that ended and was not learned from, and why."""

    life: Life
    why: str = Field(examples=["its readings end 12 days before the failure"])


class LivesLearned(Schema):
    """What a fleet's model of remaining life was learned from, and how well it tells.

    Attributes
    ----------
    learned, by
        When, and who asked.
    lives, machines
        How many lives that ended in a failure, and of how many machines.
    running
        Lives that went on: they say only that they last longer, and are not learned from.
    outlasted
        Of those, how many had already lasted longer than half of what was learned from.  Many
        mean that what is told is rather too short.
    cap_days
        Life left from which on a machine counts as new.
    error_days
        Root of the mean squared error on machines that were left out.
    longest_days
        The longest life learned from, in days of readings; of an older machine nothing is told.
    coverage
        How often the bounds hold the truth.
    every_seconds
        Of so much time one reading is looked at; of all if 0.
    readings_version
        Version of the lake's table that was read.
    windows
        Windows of the calendar that told of the failures.
    """

    fleet: FleetName = Field(examples=["pumps"])
    learned: AwareDatetime = Field(examples=["2026-03-01T08:00:00Z"])
    by: str
    lives: int = Field(examples=[12])
    machines: int = Field(examples=[9])
    running: int = Field(examples=[20])
    outlasted: int = Field(examples=[3])
    cap_days: float = Field(examples=[71.0])
    error_days: float = Field(examples=[8.5])
    longest_days: float = Field(examples=[160.0])
    coverage: float = Field(0.9, gt=0, lt=1, examples=[0.9])
    from_repair: bool = False
    every_seconds: float = 0.0
    readings_version: int
    windows: tuple[str, ...] = ()
    aside: tuple[LifeAside, ...] = ()


class Lives(Schema):
    """The lives of a fleet's machines, and what was learned from them.

    Attributes
    ----------
    ended
        Lives that ended in a failure, as the calendar tells now.
    running
        How many go on.
    needed
        Lives that must have ended before anything can be learned.
    learned
        None where nothing was learned yet.
    """

    fleet: FleetName = Field(examples=["pumps"])
    time_kind: TimeKind = "time"
    ended: tuple[Life, ...] = ()
    running: int = Field(0, examples=[20])
    needed: int = Field(examples=[6])
    learned: LivesLearned | None = None
