"""The home's own certificate authority: made on the spot, so that TLS needs nobody else."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.core import clock
from appliance.core.errors import StorageError
from appliance.core.secrets import keep, made_once

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 397
"""The longest that browsers take."""
RENEWED_BEFORE = timedelta(days=60)
"""A server certificate is made anew when less than this is left of it."""
_SKEW = timedelta(hours=1)
"""A client's clock may be behind."""


@dataclass(frozen=True)
class Authority:
    """The certificate authority of a home; its key never leaves it.

    Attributes
    ----------
    folder
        The home's folder of secrets.
    """

    folder: Path

    @property
    def certificate(self) -> Path:
        """What clients are told to trust."""
        return self.folder / "ca.pem"

    @property
    def server_certificate(self) -> Path:
        """What the appliance shows, with its key in the same file: they change in one move."""
        return self.folder / "server.pem"

    def fingerprint(self) -> str:
        """Return the SHA-256 of the authority's certificate, as other tools print it.

        Raises
        ------
        StorageError
            The authority is damaged.
        """
        return self._own()[0].fingerprint(hashes.SHA256()).hex(":").upper()

    def issue(self, names: Sequence[str]) -> Path:
        """Return the file of a server certificate for some names, made anew if it must be.

        Parameters
        ----------
        names
            Host names and addresses under which clients reach the appliance.

        Raises
        ------
        StorageError
            The files cannot be read or written.
        """
        try:
            authority, key = self._own()
            if not self._good(authority, names):
                keep(self.server_certificate, _server(authority, key, names))
        except OSError as error:
            raise StorageError(
                f"the certificate in {self.folder} cannot be read or written: {error}.",
                remedy="Check the folder's owner and the free disk space.",
            ) from error
        return self.server_certificate

    def _good(self, authority: x509.Certificate, names: Sequence[str]) -> bool:
        """Whether the certificate that is there holds for a while, and for all the names."""
        try:
            found = x509.load_pem_x509_certificate(self.server_certificate.read_bytes())
            found.verify_directly_issued_by(authority)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return False
        left = found.not_valid_after_utc - clock.now()
        return left > RENEWED_BEFORE and set(names) <= names_of(found)

    def _own(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Return the authority's certificate and key, made at the first call."""
        try:
            kept = made_once(self.folder / "ca.key", lambda: _pem(_new_key()))
            key = serialization.load_pem_private_key(kept, None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise ValueError("it is of another kind")
            made = made_once(self.certificate, lambda: _authority(key))
            certificate = x509.load_pem_x509_certificate(made)
            if certificate.public_key() != key.public_key():
                raise ValueError("certificate and key do not belong together")
        except (OSError, ValueError) as error:
            raise StorageError(
                f"the certificate authority in {self.folder} cannot be used: {error}.",
                remedy="Restore ca.key and ca.pem, or remove both: new ones are made, which "
                "clients must be told to trust.",
            ) from error
        return certificate, key


def names_of(certificate: x509.Certificate) -> set[str]:
    """Return the host names and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    addresses = found.value.get_values_for_type(x509.IPAddress)
    return {*found.value.get_values_for_type(x509.DNSName), *map(str, addresses)}


def expiry(path: Path) -> datetime:
    """Return when a PEM file's first certificate ends.

    Raises
    ------
    StorageError
        It cannot be read.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise StorageError(
            f"the certificate {path} cannot be read: {error}.",
            remedy="Name a PEM file in the setting tls_certificate.",
        ) from error


def own_names(host: str) -> list[str]:
    """Return the names under which this machine is reached when it listens on an address."""
    names = {"localhost", socket.gethostname(), socket.getfqdn()}
    if ip_address(host).is_unspecified:
        found = (one.address for each in psutil.net_if_addrs().values() for one in each)
        addresses = {text for text in found if _is_address(text)}
    else:
        addresses = {host}
    return sorted(name for name in names if _is_name(name)) + sorted(
        addresses | {"127.0.0.1", "::1"}
    )


def public_names(url: str) -> set[str]:
    """Return the name under which others ask for a site, if its address holds one."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:  # an address of IPv6 that is none
        return set()
    return {name} if _is_name(name) or _is_address(name) else set()


def _is_address(text: str) -> bool:
    try:
        return not ip_address(text).is_link_local
    except ValueError:
        return False  # of a network card, or with a zone that no certificate can hold


def _is_name(text: str) -> bool:
    return bool(text) and text.isascii() and not _is_address(text)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + timedelta(days=days))
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a certificate that may sign servers' certificates, and no other authority's."""
    called = f"Kizashi of {socket.gethostname()}"[:64]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    made = (
        _builder(name, key, _AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _server(
    authority: x509.Certificate, signing: ec.EllipticCurvePrivateKey, names: Sequence[str]
) -> bytes:
    """Return a server's certificate with a new key, and the authority's behind it."""
    key = _new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    made = (
        _builder(subject, key, _SERVER_DAYS)
        .issuer_name(authority.subject)
        .add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .sign(signing, hashes.SHA256())
    )
    chain = [one.public_bytes(serialization.Encoding.PEM) for one in (made, authority)]
    return b"".join([*chain, _pem(key)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
