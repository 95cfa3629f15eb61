"""Identifiers that sort by the time they were made."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def _encode(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))


def new_id(kind: str) -> str:
    """Return a new identifier such as ``evt_06c2…``.

    Parameters
    ----------
    kind
        Short prefix that names the noun.

    Returns
    -------
    str
        Prefix, 9 characters of milliseconds, 11 of randomness: sorts by time of making.
    """
    return (
        f"{kind}_{_encode(time.time_ns() // 1_000_000, 9)}{_encode(secrets.randbits(55), 11)}"
    )
