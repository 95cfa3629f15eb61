"""What a provider says of itself: where it is asked what, and the keys that it signs with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from appliance.access.provider.terms import Terms, require_safe
from appliance.core.clock import monotonic
from appliance.core.errors import InvalidRequest, TryAgain

_KEPT_SECONDS = 3600.0
_TIMEOUT_SECONDS = 10.0
_LARGEST = 2**20
_KINDS = frozenset({"RSA", "EC", "OKP"})
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Metadata:
    """Where a provider is asked what."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    methods: tuple[str, ...]
    """How a client may prove itself where it fetches tokens."""


class Directory:
    """Asks a provider what it is, and remembers it for an hour.

    Parameters
    ----------
    terms
        Who is asked.
    clock
        Seconds that never jump.
    """

    def __init__(self, terms: Terms, clock: Callable[[], float] = monotonic) -> None:
        self._terms = terms
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Any]] = {}

    def metadata(self) -> Metadata:
        """Return where the provider is asked what.

        Raises
        ------
        TryAgain
            It cannot be reached.
        InvalidRequest
            It is another than the settings say, or would be asked without TLS.
        """
        return self._kept("metadata", self._read_metadata)

    def keys(self, *, anew: bool = False) -> KeySet:
        """Return the keys that the provider signs with."""
        if anew:
            with self._lock:
                self._known.pop("keys", None)
        return self._kept("keys", self._read_keys)

    def _kept(self, what: str, read: Callable[[], _Made]) -> _Made:
        with self._lock:
            found = self._known.get(what)
        if found is not None and found[0] > self._clock():
            made: _Made = found[1]
            return made
        made = read()
        with self._lock:
            self._known[what] = (self._clock() + _KEPT_SECONDS, made)
        return made

    def _read_metadata(self) -> Metadata:
        issuer = self._terms.issuer
        told = self.get(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise InvalidRequest(
                f"the identity provider calls itself {told.get('issuer')!r}.",
                remedy=f"Set oidc_issuer to that, if it is right; it is {issuer!r} now.",
            )
        addresses = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            require_safe(str(told.get(name)), f"the identity provider's {name}")
            addresses[name] = str(told[name])
        userinfo = told.get("userinfo_endpoint")
        if userinfo is not None:
            require_safe(str(userinfo), "the identity provider's userinfo_endpoint")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization=addresses["authorization_endpoint"],
            token=addresses["token_endpoint"],
            keys=addresses["jwks_uri"],
            userinfo=None if userinfo is None else str(userinfo),
            methods=tuple(str(method) for method in methods),
        )

    def _read_keys(self) -> KeySet:
        told = self.get(self.metadata().keys).get("keys")
        signing = [
            key
            for key in (told if isinstance(told, list) else [])
            if isinstance(key, dict)
            and key.get("kty") in _KINDS
            and key.get("use", "sig") == "sig"
        ]
        try:
            return KeySet.import_key_set({"keys": signing})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TryAgain("the identity provider's keys cannot be read.") from error

    def get(self, url: str, token: str | None = None) -> dict[str, Any]:
        """Return a JSON object of the provider's, asked for with an access token or without."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            with httpx2.Client(**transport(self._terms)) as client:
                answer = client.get(url, headers={"Accept": "application/json", **shown})
                answer.raise_for_status()
                told = answer.json() if len(answer.content) <= _LARGEST else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise TryAgain(
                "the identity provider does not answer.",
                remedy="Log in with a password, or try again.",
            ) from error
        if not isinstance(told, dict):
            raise TryAgain("the identity provider does not answer as one does.")
        return told


def transport(terms: Terms) -> dict[str, Any]:
    """Return how clients reach a provider: not for long, and by whom its site trusts."""
    options: dict[str, Any] = {"timeout": _TIMEOUT_SECONDS, "follow_redirects": False}
    return options if terms.trust is None else options | {"verify": terms.trust}
