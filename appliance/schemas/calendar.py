"""Windows of the calendar: stretches in which a machine does not run as usual."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Event, EventDraft


class WindowKind(StrEnum):
    """Why a machine does not run as usual."""

    MAINTENANCE = "maintenance"
    PLANNED_STOP = "planned_stop"
    TEST_RUN = "test_run"
    OTHER = "other"
    FAILURE = "failure"
    """It had failed: a label.  Not learned from, but judged as ever."""

    @property
    def judged(self) -> bool:
        """Whether readings inside are judged: what a model says of a failure is no secret."""
        return self is WindowKind.FAILURE


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
    """

    fleet: FleetName
    assets: tuple[str, ...] = ()
    silenced: int = 0
    judged: int = 0
    vanish: tuple[Event, ...] = ()
    change: tuple[EventDifference, ...] = ()
    merge: tuple[Event, ...] = ()
    appear: tuple[EventDraft, ...] = ()
