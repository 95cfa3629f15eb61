"""The audit log: who did what, when, to what, from where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from appliance.schemas.base import Schema

_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


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

    number: int = Field(examples=[42])
    at: datetime = Field(examples=["2026-03-01T08:00:00Z"])
    by: str = Field(examples=["chief"])
    action: str = Field(examples=["role.granted"])
    object: str = Field(examples=["user:erika"])
    origin: str = Field(examples=["10.0.0.7"])
    before: Mapping[str, Any] | None = Field(examples=[{"project": "line2", "role": None}])
    after: Mapping[str, Any] | None = Field(examples=[{"project": "line2", "role": "viewer"}])
    previous: str = Field(examples=[_DIGEST])
    digest: str = Field(examples=[_DIGEST])


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
    entries: int = Field(examples=[42])
    head: str = Field(examples=[f"42:{_DIGEST}"])
    broken: int | None = None
    reason: str = ""
