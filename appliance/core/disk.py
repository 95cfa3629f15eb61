"""What a full disk looks like."""

from __future__ import annotations

import errno

_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = ("No space left", *(f"(os error {number})" for number in _NUMBERS))
"""Polars hands on the words of the system, not its numbers."""


def is_full(error: Exception) -> bool:
    """Whether a failed write says that there is no more space, or that a limit is reached."""
    if getattr(error, "errno", None) in _NUMBERS:
        return True
    return any(words in str(error) for words in _WORDS)
