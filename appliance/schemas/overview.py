"""The site at a glance: where to look first, what stopped, and what is new."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Severity
from appliance.schemas.job import Job
from appliance.schemas.manifest import TimeKind
from appliance.schemas.model import Promotion

_MOMENT = "2026-03-01T08:00:00Z"


class Waiting(Schema):
    """Events that nobody has closed, by what to do about them.

    Attributes
    ----------
    faults
        Sensor faults; the others are anomalies.
    """

    act: int = Field(0, examples=[1])
    plan: int = Field(0, examples=[2])
    watch: int = Field(0, examples=[5])
    faults: int = Field(0, examples=[1])


class Inbox(Waiting):
    """Events that nobody has closed, as they lie before somebody.

    Attributes
    ----------
    mine
        Those that whoever asks is to take care of.
    muted
        Those that are muted; they count nowhere else.
    """

    mine: int = Field(0, examples=[2])
    muted: int = Field(0, examples=[1])


class Stopped(Schema):
    """Machines whose data stopped coming.

    Attributes
    ----------
    asset
        None where all machines of the fleet stopped together.
    assets
        How many machines that is.
    last
        The last reading.
    patience_seconds
        For how long silence is nothing unusual here.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str | None = Field(None, examples=["P-101"])
    assets: int = Field(1, examples=[1])
    last: AwareDatetime = Field(examples=[_MOMENT])
    patience_seconds: float = Field(examples=[3600.0])


class Overview(Schema):
    """The fleets that somebody sees, in a few figures.

    Attributes
    ----------
    assets, watched
        Machines, and those that a champion has a model of.
    last
        The newest reading; None where no fleet has times of a clock.
    stopped
        Those silent for longest first.
    more_stopped
        How many more lines there would be.
    """

    fleets: int = Field(examples=[2])
    assets: int = Field(examples=[40])
    watched: int = Field(examples=[38])
    waiting: Waiting = Waiting()
    last: AwareDatetime | None = Field(None, examples=[_MOMENT])
    stopped: tuple[Stopped, ...] = ()
    more_stopped: int = Field(0, examples=[0])


class LaneRow(Schema):
    """One machine over time.

    Attributes
    ----------
    end
        Its last reading.
    urgency
        Of the most urgent event that waits; None without one.
    events
        How many wait.
    cells
        One character a stretch of time. ``0`` normal, ``1`` close to the alarm or above it
        for a moment only; ``2``, ``3``, ``4``: what an event of this stretch would ask for,
        watch, plan or act. ``m``: maintenance, not judged; ``u``: not judged for another
        reason; ``.``: no readings.
    peaks
        The highest surprise of each stretch, in hundredths of the machine's alarm level;
        None where nothing was judged.
    """

    fleet: FleetName = Field(examples=["pumps"])
    asset: str = Field(examples=["P-101"])
    end: AwareDatetime = Field(examples=[_MOMENT])
    urgency: Severity | None = Field(None, examples=["act"])
    events: int = Field(0, examples=[1])
    cells: str = Field(examples=["0024"])
    peaks: tuple[int | None, ...] = Field(examples=[[31, 45, 120, 180]])


class Lane(Schema):
    """Machines over time, those to look at first on top.

    Attributes
    ----------
    kind
        ``cycle``: the times are counters; cycle n is told as 2000-01-01 plus n hours.
    starts
        The first moment of each stretch of time.
    end
        The moment after the last.
    rows
        As many as were asked for.
    total
        How many machines there are.
    coverage
        Share of the readings that were to be expected; None where nothing was scored.
    unready
        Fleets that are being scored for the first time, or anew: their cells are empty yet.
    """

    kind: TimeKind = "time"
    timezone: str = Field(examples=["Asia/Tokyo"])
    starts: tuple[AwareDatetime, ...] = Field((), examples=[[_MOMENT]])
    end: AwareDatetime | None = Field(None, examples=["2026-03-02T08:00:00Z"])
    rows: tuple[LaneRow, ...]
    total: int = Field(examples=[40])
    coverage: float | None = Field(None, examples=[0.998])
    unready: tuple[FleetName, ...] = ()


class Changes(Schema):
    """What happened since a moment.

    Attributes
    ----------
    opened, closed
        Events.
    promotions
        Changes of champion, the latest first.
    failed
        Jobs that failed, the latest first.
    """

    since: AwareDatetime = Field(examples=[_MOMENT])
    opened: int = Field(0, examples=[3])
    closed: int = Field(0, examples=[1])
    promotions: tuple[Promotion, ...] = ()
    failed: tuple[Job, ...] = ()


class Visit(Schema):
    """That somebody looks.

    Attributes
    ----------
    before
        When their visit before this one ended; None at the first.
    """

    before: AwareDatetime | None = Field(None, examples=[_MOMENT])
