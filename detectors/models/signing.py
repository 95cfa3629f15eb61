"""The signature of one site under states that can only be pickled.

Unpickling can run any code, so bytes that this site has not signed are not unpickled.
"""

from __future__ import annotations

import hashlib
import hmac

from detectors.errors import DetectorError, InvalidInput, UntrustedState

SIGNATURE_BYTES = hashlib.sha256().digest_size
_FEWEST_KEY_BYTES = 16


class _Site:
    """The key of this process; one site, one key."""

    key: bytes | None = None


def set_signing_key(key: bytes | None) -> None:
    """Set the secret that signs and verifies states which can only be pickled.

    Parameters
    ----------
    key
        At least 16 bytes known only to this site; None takes the key away, after which such
        states are neither written nor read.

    Raises
    ------
    InvalidInput
        The key is shorter.
    """
    if key is not None and len(key) < _FEWEST_KEY_BYTES:
        raise InvalidInput(f"a signing key has at least {_FEWEST_KEY_BYTES} bytes")
    _Site.key = key


def sign(purpose: str, data: bytes) -> bytes:
    """Return this site's signature of `data` for one purpose.

    Raises
    ------
    DetectorError
        No key is set.
    """
    if _Site.key is None:
        raise DetectorError(
            f"{purpose} can only be saved as a pickle, which must be signed: set this site's "
            "key with detectors.persistence.set_signing_key"
        )
    return hmac.new(_Site.key, _message(purpose, data), hashlib.sha256).digest()


def verify(purpose: str, data: bytes, signature: bytes) -> None:
    """Raise `UntrustedState` unless this site signed `data` for this purpose."""
    if _Site.key is None:
        raise UntrustedState(
            f"{purpose} is stored as a pickle, and no key is set to tell whether this site "
            "wrote it: it is not loaded"
        )
    expected = hmac.new(_Site.key, _message(purpose, data), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, signature):
        raise UntrustedState(
            f"{purpose} bears no valid signature of this site: it was written elsewhere or "
            "changed, and is not loaded. Train it again here"
        )


def _message(purpose: str, data: bytes) -> bytes:
    return b"kizashi detector state 1\0" + purpose.encode() + b"\0" + data
