"""The audit log: who did what, and whether the log is as it was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.schemas.access import Right
from appliance.schemas.audit import AuditCheck, AuditEntry
from appliance.schemas.base import Moment

router = make_router("audit")
_READ = needs(Right.READ_AUDIT, Over.SITE)


@router.get("/audit", summary="Read the audit log", **_READ)
def list_audit_entries(
    person: Caller,
    site: TheSite,
    by: Annotated[
        str | None, Query(max_length=200, description="Only what this user did.")
    ] = None,
    on: Annotated[
        str | None,
        Query(max_length=300, description="Only what was done to this, as `kind:name`."),
    ] = None,
    since: Annotated[Moment | None, Query(description="From this moment on.")] = None,
    until: Annotated[Moment | None, Query(description="Before this moment.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """Return entries of the log, the latest first."""
    before = only_key(cursor, int)
    found = site.access.audit.list(
        person,
        who=by,
        what=on,
        since=since,
        until=until,
        before=before,
        limit=limit + 1,
    )
    return page(found, limit, lambda entry: (entry.number,))


@router.get("/audit/verify", summary="Check the audit log", **_READ)
def verify_audit_log(
    site: TheSite,
    head: Annotated[
        str | None,
        Query(
            max_length=100,
            description="`head` of an earlier check, as it was noted elsewhere: it finds a "
            "log that was written anew as a whole.",
        ),
    ] = None,
) -> AuditCheck:
    """Check the chain of the log from its first entry to its last."""
    return site.access.audit.verify(head)
