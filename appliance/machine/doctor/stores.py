"""What is kept: database, audit log and lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from appliance.access import Access, shell
from appliance.core.clock import now
from appliance.core.db import Database
from appliance.core.migrations import HEAD
from appliance.core.secrets import site_key
from appliance.lake import Lake
from appliance.machine.doctor.finding import Finding, Patient, broken, fine, note, warning
from appliance.telemetry.store.troubles import TroubleStore
from appliance.telemetry.watched import CODES

_AHEAD = timedelta(minutes=1)
_DOCTOR = shell("doctor")
_LOOKED_AT_HERE = frozenset({"certificate_ends", "certificate_ended"})


def database(patient: Patient) -> Iterator[Finding]:
    """It is reached, and of this version."""
    with _opened(patient) as found:
        if found is None:
            yield note("database", "there is none yet.", "kizashi up")
            return
        revision = found.revision()
        kind = found.engine.dialect.name
    if revision == HEAD:
        yield fine("database", f"{kind} is reached, its tables are of revision {revision}")
    elif revision is None or revision < HEAD:
        yield note(
            "database",
            f"{kind} is reached; its tables are of revision {revision}, {HEAD} is current.",
            "They are brought up to date by whatever opens it next: kizashi up",
        )
    else:
        yield broken(
            "database",
            f"its tables are of revision {revision}, which this version does not know.",
            "Install the version that last used it, or restore a backup.",
        )


def audit(patient: Patient) -> Iterator[Finding]:
    """The audit log is whole, and none of it is of the future."""
    with _opened(patient) as found:
        if found is None or found.revision() != HEAD:
            return
        log = Access(found, site_key(patient.settings.home)).audit
        result, last = log.verify(), log.list(_DOCTOR, limit=1)
    if result.whole:
        yield fine("audit", f"the log is whole: {result.entries} entries, head {result.head}")
    else:
        yield broken(
            "audit",
            f"the log is not whole: entry {result.broken}: {result.reason}.",
            "Find out who could write to the database; restore a backup beside it to compare.",
        )
    if last and last[0].at > now() + _AHEAD:
        yield broken(
            "clock",
            f"the clock has jumped back: the latest entry of the audit log is of {last[0].at}.",
            "Set the clock right; what was written meanwhile carries a wrong time.",
        )


def care(patient: Patient) -> Iterator[Finding]:
    """What the appliance itself finds while it runs, as its latest look left it."""
    with _opened(patient) as found:
        if found is None or found.revision() != HEAD:
            return
        standing = [one.trouble for one in TroubleStore(found).standing()]
    told = {"broken": broken, "warning": warning, "note": note}
    own = [one for one in standing if one.code in CODES and one.code not in _LOOKED_AT_HERE]
    for one in own:
        yield told[one.severity]("care", one.text, one.remedy)
    if not own:
        yield fine("care", "sources, schedules, models, backups and the disk need nothing")


def lake(patient: Patient) -> Iterator[Finding]:
    """Every table opens, with every file that it names."""
    site = Lake(patient.settings.lake_root)
    fleets = site.fleets()
    unnamed = 0
    for fleet in fleets:
        found = site.soundness(fleet)
        unnamed += len(found.unnamed)
        if found.missing:
            yield broken(
                "lake",
                f"{fleet}: {len(found.missing)} files are missing or cut off, the first is "
                f"{found.missing[0]}.",
                "Restore the lake from a backup, or bring the files in again.",
            )
    if unnamed:
        yield note(
            "lake",
            f"{unnamed} files of a week ago and older belong to no version of a table.",
            "They only take space: kizashi compact",
        )
    yield fine("lake", f"the tables of {len(fleets)} fleets were opened")


@contextmanager
def _opened(patient: Patient) -> Iterator[Database | None]:
    """Open the database as it is, which brings nothing up to date; None if there is none."""
    settings = patient.settings
    if not settings.database_url and not (settings.home / "kizashi.db").exists():
        yield None
        return
    opened = Database(settings.database)
    try:
        opened.ping()
        yield opened
    finally:
        opened.close()
