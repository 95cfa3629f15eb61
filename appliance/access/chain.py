"""The chain of the audit log: each entry's digest covers the one before it, and itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from appliance.core.errors import InvalidRequest
from appliance.schemas.audit import AuditCheck

GENESIS = "0" * 64
"""What the first entry names as the digest before it."""


@dataclass(frozen=True)
class Link:
    """An entry of the log, as the texts that are kept and that its digest covers."""

    number: int
    at: str
    by: str
    action: str
    object: str
    origin: str
    before: str | None
    after: str | None
    previous: str
    digest: str = ""


def moment(at: datetime) -> str:
    """Return a time as it is kept: in UTC, always of the same length."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(value: Mapping[str, Any]) -> str:
    """Return the one JSON text of a value: keys in order, ASCII, no blanks."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False
    )


def digest_of(link: Link) -> str:
    """Return the digest that an entry should have."""
    told = asdict(link)
    del told["digest"], told["previous"]
    return hashlib.sha256(f"{link.previous}\n{canonical(told)}".encode()).hexdigest()


def sealed(link: Link) -> Link:
    """Return an entry with its digest."""
    return replace(link, digest=digest_of(link))


def head_text(number: int, digest: str) -> str:
    """Return the last entry's number and digest as one word."""
    return f"{number}:{digest}"


def read_head(text: str) -> tuple[int, str]:
    """Read what `head_text` wrote.

    Raises
    ------
    InvalidRequest
        It is nothing of the kind.
    """
    number, sign, digest = text.strip().partition(":")
    if not (sign and number.isascii() and number.isdecimal() and len(digest) == len(GENESIS)):
        raise InvalidRequest(
            f"{text!r} is no head of the audit log.",
            remedy="It looks like 42:9f86d0…, as `kizashi audit --verify` prints it.",
        )
    return int(number), digest.lower()


def check(
    entries: Iterable[Link], head: tuple[int, str], anchor: tuple[int, str] | None = None
) -> AuditCheck:
    """Check a chain from its first entry to its head.

    Parameters
    ----------
    entries
        All of them, in the order of their numbers.
    head
        Number and digest of the last one, as they are kept beside the log.
    anchor
        Those of an earlier head, as they were noted elsewhere.
    """
    number, previous = 0, GENESIS
    for entry in entries:
        if entry.number != number + 1:
            return _broken(number + 1, head, "it was removed")
        wrong = _wrong(entry, previous)
        if not wrong and anchor is not None and entry.number == anchor[0]:
            wrong = "" if entry.digest == anchor[1] else "it is another than the one noted"
        if wrong:
            return _broken(entry.number, head, wrong)
        number, previous = entry.number, entry.digest
    if (number, previous) != head:
        beyond = "the last entries were removed" if head[0] > number else "the head was changed"
        return _broken(min(number, head[0]) + 1, head, beyond)
    if anchor is not None and anchor[0] > number:
        return _broken(number + 1, head, "entries up to the one noted are missing")
    return AuditCheck(whole=True, entries=number, head=head_text(number, previous))


def _wrong(entry: Link, previous: str) -> str:
    if entry.previous != previous:
        return "the entry before it is another than the one it was written after"
    return "" if digest_of(entry) == entry.digest else "it was edited"


def _broken(number: int, head: tuple[int, str], reason: str) -> AuditCheck:
    return AuditCheck(
        whole=False, entries=head[0], head=head_text(*head), broken=number, reason=reason
    )
