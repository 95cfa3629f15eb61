"""The keys of one short-lived cluster: an authority, and what it signs for each part."""

from __future__ import annotations

import ipaddress
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LASTS = timedelta(days=1)


class Authority:
    """A certificate authority in a folder, for one cluster, whose API is at ``server``."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("kizashi-e2e", ())
        self._certificate = (
            _begun(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = folder / "ca.crt"
        self.certificate.write_bytes(_pem(self._certificate))

    def issue(
        self, stem: str, who: str, groups: Sequence[str] = (), hosts: Sequence[str] = ()
    ) -> tuple[Path, Path]:
        """Write ``STEM.crt`` and ``STEM.key`` for a server at ``hosts`` or for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        asked = _begun(_name(who, groups), self._name, key.public_key()).add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            critical=False,
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            asked = asked.add_extension(names, critical=False)
        certificate, secret = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        certificate.write_bytes(_pem(asked.sign(self._key, hashes.SHA256())))
        write_key(secret, key)
        return certificate, secret

    def kubeconfig(self, stem: str, who: str, groups: Sequence[str] = ()) -> Path:
        """Write ``STEM.kubeconfig``, with which ``who`` reaches the API server."""
        certificate, secret = self.issue(stem, who, groups)
        authority = {
            "server": self.server,
            "certificate-authority-data": _data(self.certificate),
        }
        client = {
            "client-certificate-data": _data(certificate),
            "client-key-data": _data(secret),
        }
        told = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": authority}],
            "users": [{"name": who, "user": client}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": who}}],
            "current-context": "e2e",
        }
        path = self.folder / f"{stem}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(told), "utf-8")
        return path


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key that only its owner reads."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def signing_pair(folder: Path) -> tuple[Path, Path]:
    """Write the pair of keys that service accounts' tokens are signed and checked with."""
    key = ec.generate_private_key(ec.SECP256R1())
    secret, public = folder / "accounts.key", folder / "accounts.pub"
    write_key(secret, key)
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return secret, public


def _name(who: str, groups: Sequence[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, who)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LASTS)
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _data(path: Path) -> str:
    return b64encode(path.read_bytes()).decode("ascii")
