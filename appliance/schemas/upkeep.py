"""What keeping the lake small did."""

from __future__ import annotations

from pydantic import AwareDatetime

from appliance.schemas.base import FleetName, Schema


class RetentionReport(Schema):
    """What retention did to a fleet, or would do.

    Attributes
    ----------
    cutoff
        What is older was to go; None where everything is kept.
    until
        What is older went: later than that, something still needs readings.
    readings, scores
        Rows that went.
    files
        Files that went whole.
    notes
        What was kept although it is older, or went although it was needed, and why.
    dry_run
        Nothing was taken out: this is what would be.
    """

    fleet: FleetName
    cutoff: AwareDatetime | None = None
    until: AwareDatetime | None = None
    readings: int = 0
    scores: int = 0
    files: int = 0
    notes: tuple[str, ...] = ()
    dry_run: bool = False


class CompactReport(Schema):
    """What compaction did to a fleet.

    Attributes
    ----------
    files_before, files_after
        Files of readings and scores in the newest snapshot.
    deleted
        Files that no snapshot of the age kept refers to.
    freed
        Bytes by which the folder shrank.
    """

    fleet: FleetName
    files_before: int = 0
    files_after: int = 0
    deleted: int = 0
    freed: int = 0
