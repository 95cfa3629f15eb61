"""Whose bundles a home takes: one publisher, named beforehand or met first.

A publisher's public key is 64 hexadecimal digits, and is its own fingerprint.
"""

from __future__ import annotations

import re
from pathlib import Path

from appliance.install.plan import InstallError, write

PINNED = "publisher.pub"
"""File in the home: the publisher whose bundles it takes."""
_MAX_BYTES = 4096
_KEY = re.compile(r"[0-9a-f]{64}")


def fingerprint(key: str) -> str:
    """Return a public key as people compare it: eight groups of eight digits."""
    return " ".join(key[at : at + 8] for at in range(0, len(key), 8))


def read_key(text: str) -> str:
    """Return the public key that somebody names, by its digits or by a file that holds them.

    Raises
    ------
    InstallError
        It is neither.
    """
    told = _digits(text)
    if told is None:
        try:
            with Path(text).expanduser().open(encoding="utf-8") as file:
                told = _digits(file.read(_MAX_BYTES))
        except (OSError, ValueError, RuntimeError):  # it may name a user that is not there
            told = None
    if told is None:
        raise InstallError(
            f"{text!r} is neither a publisher's fingerprint, 64 hexadecimal digits, nor a file "
            "that holds one. The publisher is told it by `kizashi bundle`."
        )
    return told


def pinned(home: Path) -> str | None:
    """Return whose bundles a home takes; None if it met no publisher yet.

    Raises
    ------
    InstallError
        What the home keeps cannot be read.
    """
    path = home / PINNED
    if not path.exists():
        return None
    try:
        return read_key(path.read_text("utf-8"))
    except (OSError, ValueError, InstallError) as error:
        raise InstallError(
            f"{path} is damaged: it says whose bundles this home takes. Remove it, and name "
            "the publisher: --trust FINGERPRINT."
        ) from error


def pin(home: Path, key: str) -> str:
    """Keep a publisher as the home's; return what was done, empty if nothing was."""
    before = pinned(home) if (home / PINNED).exists() else None
    if before == key:
        return ""
    write(home / PINNED, f"{key}\n")
    if before is None:
        return f"this home takes bundles of {fingerprint(key)} from now on"
    return f"took {fingerprint(key)} as publisher in place of {fingerprint(before)}"


def _digits(text: str) -> str | None:
    plain = re.sub(r"[\s:]", "", text).lower()
    return plain if _KEY.fullmatch(plain) else None
