"""The audit log: who did what, when, to what, from where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from appliance.schemas.base import Schema


class AuditEntry(Schema):
    """One thing that was done; each entry's digest covers the one before it.

    Attributes
    ----------
    number
        1, 2, 3 …, without a gap.
    by
        Name of a user, or ``shell:NAME`` for whoever was at the machine itself.
    action
        Noun and past participle, such as ``token.revoked``.
    object
        What it was done to, as ``kind:name``.
    origin
        Where the request came from.
    before, after
        What changed; never a secret.
    previous, digest
        SHA-256 of the entry before, and of this one.
    """

    number: int
    at: datetime
    by: str
    action: str
    object: str
    origin: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    previous: str
    digest: str


class AuditCheck(Schema):
    """Whether the log is as it was written.

    Attributes
    ----------
    whole
        Whether no entry was edited, removed, added or moved.
    entries
        How many there are.
    head
        Number and digest of the last: noted elsewhere, it proves later that nothing up to it
        was written anew.
    broken
        Number of the first entry that is not as it was written.
    reason
        What is wrong with it.
    """

    whole: bool
    entries: int
    head: str
    broken: int | None = None
    reason: str = ""
