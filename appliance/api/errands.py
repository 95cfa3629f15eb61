"""What a browser carries while its user is at the identity provider: sealed, not for long."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import asdict

from cryptography.fernet import InvalidToken

from appliance.access.provider import Errand
from appliance.core.errors import InvalidRequest, Unauthenticated
from appliance.core.sealing import cipher

COOKIE = "kizashi_oidc"
SECONDS = 600
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,499}")


class Errands:
    """Seals errands, and opens those that it sealed.

    Parameters
    ----------
    key
        The site's.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = cipher(key, "oidc errands")

    def seal(self, errand: Errand, then: str) -> str:
        """Return what the browser is to carry.

        Parameters
        ----------
        then
            Path of this site to go to after the login.
        """
        told = json.dumps({"errand": asdict(errand), "then": then})
        return self._cipher.encrypt(told.encode()).decode("ascii")

    def open(self, carried: str | None, state: str) -> tuple[Errand, str]:
        """Return the errand that somebody comes back from, and where they want to go.

        Raises
        ------
        Unauthenticated
            This browser was not sent with that state, or too long ago.
        """
        try:
            told = json.loads(self._cipher.decrypt((carried or "").encode(), ttl=SECONDS))
        except InvalidToken as error:
            raise _stranger() from error
        errand = Errand(**told["errand"])
        if not hmac.compare_digest(errand.state.encode(), state.encode("utf-8", "replace")):
            raise _stranger()
        return errand, str(told["then"])


def local_path(text: str) -> str:
    """Return a path of this site; never one that leads elsewhere.

    Raises
    ------
    InvalidRequest
        It does.
    """
    if not _LOCAL.fullmatch(text):
        raise InvalidRequest(
            "that is no path of this site.", remedy="It begins with one slash, such as /fleets."
        )
    return text


def _stranger() -> Unauthenticated:
    return Unauthenticated(
        "this login was not begun here, or too long ago.", remedy="Log in again."
    )
