"""`connect`: from an address and who asks to a plant."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from appliance.client import credentials
from appliance.client.identity import ByLogin, ByToken, Identity, Nobody
from appliance.client.line import PATIENCE, Line
from appliance.client.plant import AsyncPlant, Plant
from appliance.client.wire.awaiting import AwaitingWire
from appliance.client.wire.base import Place
from appliance.client.wire.blocking import BlockingWire
from appliance.core.errors import InvalidRequest

TIMEOUT = 60.0
"""Seconds without a byte after which an answer is given up."""


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    ca: str | Path | None = None,
    timeout: float = TIMEOUT,
    patience: float = PATIENCE,
) -> Plant:
    """Return a running site; nothing is sent before something is asked.

    Parameters
    ----------
    url
        Such as ``https://plant:8443``; without one, what ``KIZASHI_URL`` says, as it does in a
        site's notebooks.
    token
        What `kizashi token create` printed; without one, and without a user, the token of
        ``KIZASHI_TOKEN`` or in the file that ``KIZASHI_TOKEN_FILE`` names, where
        ``KIZASHI_URL`` is this address; else the one that `kizashi login` keeps for it.
    user, password
        Instead of a token: a session is opened at the first request, and ended by `close`.
    ca
        File of the authority that signed the site's certificate, if the system does not
        know it.
    timeout
        Seconds without a byte after which an answer is given up.
    patience
        Seconds for which a request is repeated that was not answered and may be repeated.

    Raises
    ------
    InvalidRequest
        The address is none, or who asks is not said clearly.
    """
    place, who = _asked(url, (token, user, password), ca, timeout)
    return Plant(Line(BlockingWire(place), who, patience=patience))


def connect_async(
    url: str | None = None,
    token: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    ca: str | Path | None = None,
    timeout: float = TIMEOUT,
    patience: float = PATIENCE,
) -> AsyncPlant:
    """Return a running site whose verbs are awaited; see `connect`."""
    place, who = _asked(url, (token, user, password), ca, timeout)
    return AsyncPlant(Line(AwaitingWire(place), who, patience=patience))


def _asked(
    url: str | None,
    given: tuple[str | None, str | None, str | None],
    ca: str | Path | None,
    timeout: float,
) -> tuple[Place, Identity]:
    """Return where the site is and who asks; both as they were kept if nothing was said."""
    at = address(credentials.site_of_environment() if url is None else url)
    who = _identity(*given)
    if isinstance(who, Nobody) and (told := credentials.of_environment(at)) is not None:
        who = ByToken(told)
    elif isinstance(who, Nobody) and (kept := credentials.find(at)) is not None:
        who, ca = ByToken(kept.token), ca if ca is not None else kept.ca
    return Place(at, None if ca is None else Path(ca).expanduser(), timeout), who


def address(url: str) -> str:
    """Return a site's address as it is kept and shown.

    Raises
    ------
    InvalidRequest
        It is none, or holds a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise _no_address(str(error)) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _no_address("it begins with https:// and a name")
    if parts.username is not None or parts.password is not None:
        raise _no_address("it must hold neither user nor password")
    if parts.query or parts.fragment:
        raise _no_address("it ends with its port or a path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    at = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{at}{parts.path.rstrip('/')}"


def _no_address(why: str) -> InvalidRequest:
    # The address itself is not repeated: it may hold a password.
    return InvalidRequest(
        f"this is no address of a site: {why}.", remedy="Such as https://plant:8443."
    )


def _identity(token: str | None, user: str | None, password: str | None) -> Identity:
    if token is not None and (user is not None or password is not None):
        raise InvalidRequest("a token and a user contradict each other.")
    if token is not None:
        if not token.strip() or not token.isascii() or not token.isprintable():
            raise InvalidRequest("the token is none: it has visible ASCII characters only.")
        return ByToken(token.strip())
    if user is not None and password is not None:
        return ByLogin(user, password)
    if user is not None or password is not None:
        raise InvalidRequest("a login needs both, user and password.")
    return Nobody()
