"""Passwords: which are good enough, and their argon2id hashes."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from appliance.core.errors import InvalidRequest

SHORTEST, LONGEST = 12, 256
_AT_ONCE = 4
_NEAR_A_NAME = 4
_COMMON = frozenset(
    [
        "123456789012",
        "1234567890123",
        "111111111111",
        "000000000000",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "qwertyqwerty",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "asdfghjkl123",
        "zxcvbnm12345",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "mypassword123",
        "changeme1234",
        "changemechangeme",
        "adminadminadmin",
        "administrator",
        "administrator1",
        "admin1234567",
        "letmeinletmein",
        "welcome12345",
        "iloveyou1234",
        "kizashikizashi",
        "kizashi12345",
        "abcdefghijkl",
        "abcdefghijklm",
        "abc123abc123",
    ]
)


class Passwords:
    """Hashes passwords and knows them again.

    Parameters
    ----------
    time_cost, memory_kib, lanes
        Of argon2id; by default the second choice that RFC 9106 recommends, which takes 64 MiB.
    """

    def __init__(self, time_cost: int = 3, memory_kib: int = 65_536, lanes: int = 4) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes, type=Type.ID
        )
        # Each takes its memory: many logins at once must not take the machine's.
        self._turns = BoundedSemaphore(_AT_ONCE)

    @cached_property
    def _decoy(self) -> str:
        """The hash that a password is held against where there is none."""
        return self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash to keep, with its salt and parameters."""
        with self._turns:
            return self._hasher.hash(_bytes(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one kept; takes as long where none is kept.

        Parameters
        ----------
        kept
            The hash; None for a user that is unknown or has no password.
        """
        decoy = self._decoy  # asked for always: making it takes as long as a verification
        with self._turns:
            try:
                self._hasher.verify(decoy if kept is None else kept, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters and should be made anew."""
        return self._hasher.check_needs_rehash(kept)


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed.

    Parameters
    ----------
    password
        The new one.
    name
        Of its user.

    Raises
    ------
    InvalidRequest
        It is too short or too long, near the name, or among the commonest.
    """
    plain = unicodedata.normalize("NFKC", password)
    if not plain.isprintable():
        raise InvalidRequest("the password holds characters that cannot be seen.")
    if not SHORTEST <= len(plain) <= LONGEST:
        raise InvalidRequest(
            f"the password has {len(plain)} characters.",
            remedy=f"Use {SHORTEST} to {LONGEST}; a few words are easy to remember.",
        )
    low = plain.lower()
    own = name.partition("@")[0]
    without = low.replace(name, "").replace(own, "")
    if len(without) < len(low) and len(without) < _NEAR_A_NAME:
        raise InvalidRequest("the password is the user's name.", remedy="Choose another.")
    if low in _COMMON or len(set(low)) < _NEAR_A_NAME:
        raise InvalidRequest("the password is among the commonest.", remedy="Choose another.")


def _bytes(password: str) -> bytes:
    # The same letters come composed from one keyboard and decomposed from another.
    return unicodedata.normalize("NFKC", password[: LONGEST * 4]).encode("utf-8", "replace")
