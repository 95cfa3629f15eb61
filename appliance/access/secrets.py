"""Secrets that the site hands out: made here, kept only as digests.

A token is ``kz_<id>_<secret>``, a session's cookie holds ``ks_<secret>``: 256 random bits each,
so that a plain SHA-256 keeps them as well as a slow hash would.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_BYTES = 32
_TOKEN = re.compile(r"kz_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
_SESSION = re.compile(r"ks_[A-Za-z0-9_-]{43}")
_EASY = "abcdefghjkmnpqrstvwxyz23456789"  # nothing that is mistaken for another


@dataclass(frozen=True)
class Issued:
    """A new secret, its digest and, for a token, its identifier."""

    secret: str = field(repr=False)
    digest: str = field(repr=False)
    id: str = ""


def new_token() -> Issued:
    """Make a token."""
    number = secrets.token_hex(8)
    secret = f"kz_{number}_{secrets.token_urlsafe(_BYTES)}"
    return Issued(secret, digest(secret), number)


def new_session() -> Issued:
    """Make a session's secret."""
    secret = f"ks_{secrets.token_urlsafe(_BYTES)}"
    return Issued(secret, digest(secret))


def new_password() -> str:
    """Make a password that can be read out: 20 characters, 98 bits."""
    groups = ("".join(secrets.choice(_EASY) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def token_id(text: str) -> str | None:
    """Return a token's identifier, None for what is no token."""
    found = _TOKEN.fullmatch(text)
    return found[1] if found else None


def is_session(text: str) -> bool:
    """Whether a text could be a session's secret."""
    return _SESSION.fullmatch(text) is not None


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in a time that tells nothing."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def csrf_token(key: bytes, session: str) -> str:
    """Return what a form must send along to show that it is the site's own.

    Parameters
    ----------
    key
        The site's.
    session
        The session's secret.
    """
    return _keyed(key, "csrf", digest(session))


def name_digest(key: bytes, name: str) -> str:
    """Return what failed logins are counted by: of any text, without keeping it.

    Somebody may type a password where the name belongs.
    """
    return _keyed(key, "login", name)


def _keyed(key: bytes, purpose: str, text: str) -> str:
    message = f"{purpose}\0{text}".encode("utf-8", "replace")
    return hmac.new(key, message, hashlib.sha256).hexdigest()
