"""Windows of the calendar: stretches in which a machine does not run as usual."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Event, EventDraft


class WindowKind(StrEnum):
    """Why a machine does not run as usual, or that it does."""

    MAINTENANCE = "maintenance"
    PLANNED_STOP = "planned_stop"
    TEST_RUN = "test_run"
    OTHER = "other"
    FAILURE = "failure"
    """It had failed: a label.  Not learned from, but judged as ever."""
    NORMAL = "normal"
    """It ran as usual, however unusual that looks: learned from, and judged as ever."""

    @property
    def judged(self) -> bool:
        """Whether readings inside are judged: what a model says of a failure is no secret."""
        return self in (WindowKind.FAILURE, WindowKind.NORMAL)

    @property
    def learned(self) -> bool:
        """Whether readings inside are learned from."""
        return self is WindowKind.NORMAL


class Occurrence(Schema):
    """One half-open time range."""

    start: AwareDatetime
    end: AwareDatetime


class WindowDraft(Schema):
    """A window as somebody asks for it.

    Attributes
    ----------
    fleet, asset
        What it holds for: the whole site without a fleet, the whole fleet without an asset.
    start, end
        Half-open; of a recurring window, the first time.
    zone
        Where the clock hangs that a rule goes by: 22:00 stays 22:00 when summer time ends.
    rule
        When it returns, an iCalendar ``RRULE`` such as ``FREQ=WEEKLY;BYDAY=SA``; empty for a
        window that holds once.
    excluded
        Starts that the rule gives but that do not take place.
    added
        Times beside those of the rule.
    source
        The entry of a calendar file that it came from.
    """

    fleet: FleetName | None = None
    asset: str | None = Field(None, max_length=200)
    kind: WindowKind = WindowKind.MAINTENANCE
    title: str = Field("", max_length=200)
    start: AwareDatetime
    end: AwareDatetime
    zone: str = "UTC"
    rule: str = Field("", max_length=500)
    excluded: tuple[AwareDatetime, ...] = ()
    added: tuple[Occurrence, ...] = ()
    source: str = Field("", max_length=300)


class Window(WindowDraft):
    """A window of the calendar, with who made it and who last changed it."""

    id: str
    revision: int
    created: AwareDatetime
    created_by: str
    updated: AwareDatetime
    updated_by: str


class WindowChange(StrEnum):
    """What became of a window."""

    ADDED = "added"
    EDITED = "edited"
    REMOVED = "removed"


class WindowRevision(Schema):
    """One change of a window, and what the window was after it."""

    window: str
    revision: int
    change: WindowChange
    at: AwareDatetime
    by: str
    facts: WindowDraft


class CalendarFile(Schema):
    """What a calendar file says.

    Attributes
    ----------
    drafts
        Windows; which fleet and asset they hold for is not theirs to say.
    series
        Sources of the entries that the file holds whole: of what came from them earlier,
        nothing holds but the drafts.
    exceptions
        By source of an entry that the file does not hold, times of it that were moved or
        cancelled.
    notes
        Entries that were passed over, and why.
    """

    drafts: tuple[WindowDraft, ...]
    series: tuple[str, ...] = ()
    exceptions: dict[str, tuple[AwareDatetime, ...]] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ImportReport(Schema):
    """What importing a calendar file did: windows added, changed, left alone and removed.

    Attributes
    ----------
    notes
        Entries that were passed over, and why.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    notes: tuple[str, ...] = ()


class EventDifference(Schema):
    """An event as it stands, and as it would be."""

    event: Event
    after: EventDraft


class CalendarPreview(Schema):
    """What a change of the calendar would do to a fleet on the next `score`.

    Attributes
    ----------
    assets
        Machines whose stretches would be judged anew.
    silenced, judged
        Readings that would no longer be judged, and that would be judged again.
    vanish
        Events that the scores would no longer show.
    change
        Events that would begin, end or rank otherwise.
    merge
        Events that would be part of an earlier one.
    appear
        Events that would be new, or there again.
    unlearned, learned
        Readings that the next training would leave out, and that it would learn from again,
        because of the windows that come and go.
    versions
        Model versions that learned from a time that this bears on.
    """

    fleet: FleetName
    assets: tuple[str, ...] = ()
    silenced: int = 0
    judged: int = 0
    unlearned: int = 0
    learned: int = 0
    versions: tuple[int, ...] = ()
    vanish: tuple[Event, ...] = ()
    change: tuple[EventDifference, ...] = ()
    merge: tuple[Event, ...] = ()
    appear: tuple[EventDraft, ...] = ()


# ---------------------------------------------------------------- told and asked over REST
class Rescoring(Schema):
    """What the next scoring run of a fleet judges anew because of the calendar.

    Attributes
    ----------
    assets
        How many machines.
    start, end
        First and last moment of it.
    job
        The job that does it, where one was asked for.
    """

    fleet: FleetName
    assets: int
    start: AwareDatetime
    end: AwareDatetime
    job: str | None = None


class CalendarChange(Schema):
    """A window that was added, changed or removed, and what its fleets are judged anew for.

    Attributes
    ----------
    outdated
        By fleet; of many fleets the first hundred by name.
    """

    window: Window
    outdated: tuple[Rescoring, ...] = ()


class CalendarImport(Schema):
    """What bringing in a calendar file did, and what its fleets are judged anew for."""

    report: ImportReport
    outdated: tuple[Rescoring, ...] = ()


class CalendarDraft(Schema):
    """A change of the calendar that is only thought of."""

    fleet: FleetName = Field(examples=["pumps"])
    adding: tuple[WindowDraft, ...] = Field((), max_length=100)
    removing: tuple[Annotated[str, StringConstraints(max_length=40)], ...] = Field(
        (), max_length=100
    )


class WindowTime(Occurrence):
    """One time at which a window holds."""

    window: str
    fleet: FleetName | None
    asset: str | None
    kind: WindowKind
    title: str


class Label(Schema):
    """One thing that is known about a stretch of a machine.

    Attributes
    ----------
    asset
        The whole fleet without one.
    says
        ``failure``: from the calendar; ``true``, ``false``, ``planned``: what an event
        turned out to be.
    by
        Who told of a failure; an event's history tells who judged it.
    window, event
        Where it comes from.
    """

    fleet: FleetName
    asset: str | None
    says: Literal["failure", "true", "false", "planned"]
    start: AwareDatetime
    end: AwareDatetime
    title: str = ""
    by: str | None = None
    window: str | None = None
    event: str | None = None


class LabelDraft(Schema):
    """A failure of a machine, or of a whole fleet, that somebody tells of."""

    asset: str | None = Field(None, max_length=200, examples=["P-2"])
    start: AwareDatetime = Field(examples=["2026-03-01T08:00:00Z"])
    end: AwareDatetime = Field(examples=["2026-03-01T12:00:00Z"])
    title: str = Field("", max_length=200, examples=["bearing seized"])
