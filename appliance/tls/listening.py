"""Where the appliance listens: this machine alone, or others too and then over TLS."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from appliance.core import clock
from appliance.core.errors import InvalidRequest, OperatorError
from appliance.core.settings import SETTINGS_FILE, Settings
from appliance.tls.authority import Authority, expiry, own_names, public_names


@dataclass(frozen=True)
class Listening:
    """What the web process is started with.

    Attributes
    ----------
    host, port
        Where it listens.
    certfile, keyfile
        PEM files that it shows; None where it speaks plainly, with this machine only.
    """

    host: str
    port: int
    certfile: Path | None = None
    keyfile: Path | None = None

    @property
    def url(self) -> str:
        """Address to tell people."""
        host = self.host
        if ip_address(host).is_unspecified:
            host = socket.getfqdn()
        return self._address(host)

    @property
    def local_url(self) -> str:
        """Address that reaches it from this machine."""
        address = ip_address(self.host)
        if address.is_unspecified:
            return self._address("127.0.0.1" if address.version == 4 else "::1")
        return self._address(self.host)

    def _address(self, host: str) -> str:
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certfile else 'http'}://{shown}:{self.port}"

    def require_free(self) -> None:
        """Refuse an address on which nobody can listen.

        Raises
        ------
        OperatorError
            Another program does, or this user may not.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                words = "is taken by another program" if taken else f"cannot be used ({error})"
                raise OperatorError(
                    f"port {self.port} {words}.",
                    remedy=f"Stop that program, or set another port in {SETTINGS_FILE}."
                    if taken
                    else f"Set another host or port in {SETTINGS_FILE}.",
                ) from error

    def context(self) -> ssl.SSLContext | None:
        """Return how a program on this machine knows that it talks to the appliance.

        It trusts the very certificate that the appliance shows, whatever its names are.
        """
        if self.certfile is None:
            return None
        made = ssl.create_default_context(cafile=str(self.certfile))
        made.check_hostname = False
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return made


def listening(settings: Settings) -> Listening:
    """Return where the appliance listens, with a certificate that holds where it needs one.

    Raises
    ------
    InvalidRequest
        The certificate of the settings cannot be used.
    StorageError
        The home's own cannot be read or written.
    """
    given = settings.tls_certificate or settings.tls_key
    if not given and ip_address(settings.host).is_loopback:
        return Listening(settings.host, settings.port)
    certfile, keyfile = certificate(settings, settings.host)
    return Listening(settings.host, settings.port, certfile, keyfile)


def certificate(settings: Settings, *hosts: str) -> tuple[Path, Path]:
    """Return PEM files of a certificate for some addresses of this machine, and of its key.

    Raises
    ------
    InvalidRequest
        That of the settings cannot be used.
    StorageError
        The home's own cannot be read or written.
    """
    certfile, keyfile = settings.tls_certificate, settings.tls_key
    if certfile is None and keyfile is None:
        authority = Authority(settings.home / "secrets")
        names = {name for host in hosts for name in own_names(host)}
        for url in (settings.public_url, settings.notebooks_url):
            names |= public_names(url)
        made = authority.issue(sorted(names))
        return made, made
    if certfile is None or keyfile is None:
        raise InvalidRequest(
            "tls_certificate and tls_key are needed both; one of them is not set.",
            remedy="Set both, or neither: the home then makes its own.",
        )
    _check(certfile, keyfile)
    return certfile, keyfile


def _check(certfile: Path, keyfile: Path) -> None:
    """Refuse files that no server can use: at once, and not at the first connection."""
    if expiry(certfile) <= clock.now():
        raise InvalidRequest(
            f"the certificate {certfile} ended on {expiry(certfile):%Y-%m-%d}.",
            remedy="Put a new one in its place, or unset tls_certificate and tls_key.",
        )
    try:
        # An empty password: a key that needs one must not ask for it on a terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certfile, keyfile, password=""
        )
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(
            f"the certificate {certfile} with the key {keyfile} cannot be used: {error}.",
            remedy="Name PEM files that belong together, the key without a passphrase.",
        ) from error
