"""Who asks: by token, by login, by what `kizashi login` keeps; over TLS of one's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import Request, Response

from appliance.client import connect, credentials
from appliance.client.credentials import Credential
from appliance.core import errors
from tests.appliance.client.conftest import Ask
from tests.appliance.client.servers import Script, serve

LOGIN = {"token": None, "user": "yuki", "password": "a long enough passphrase"}


@pytest.fixture
def sessions(script: Script) -> list[str]:
    """Let the site open sessions; the last one opened is the only good one."""
    opened: list[str] = []

    @script.on("POST", "/session")
    def log_in(request: Request, body: bytes) -> Response:
        if json.loads(body)["password"] != LOGIN["password"]:
            return Response('{"detail": "the name or the password is wrong."}', 401)
        opened.append(f"s{len(opened)}")
        response = Response(json.dumps({"user": "yuki", "csrf": f"csrf-{opened[-1]}"}), 201)
        response.set_cookie("kizashi_session", opened[-1], httponly=True)
        return response

    def known(request: Request) -> bool:
        return request.cookies.get("kizashi_session") == opened[-1]

    @script.on("GET", "/session")
    def site(request: Request, body: bytes) -> Response:
        return Response("{}", 200 if known(request) else 401)

    @script.on("DELETE", "/tokens/t")
    def remove(request: Request, body: bytes) -> Response:
        proof = request.headers.get("x-csrf-token") == f"csrf-{opened[-1]}"
        return Response(status_code=204 if known(request) and proof else 401)

    script.on("DELETE", "/session")(lambda *_: Response(status_code=204))
    return opened


def test_a_login_opens_a_session_and_ends_it(
    ask: Ask, url: str, script: Script, sessions: list[str]
) -> None:
    ask(url, lambda plant: plant.tokens.revoke("t"), **LOGIN)
    asked = [(seen.method, seen.path) for seen in script.seen]
    assert asked == [("POST", "/session"), ("DELETE", "/tokens/t"), ("DELETE", "/session")]


def test_a_session_that_ended_is_opened_again(
    url: str, script: Script, sessions: list[str]
) -> None:
    with connect(url, user="yuki", password=str(LOGIN["password"])) as plant:
        plant.me()
        sessions.append("of somebody else")
        plant.me()
        plant.tokens.revoke("t")
        assert sessions == ["s0", "of somebody else", "s2"]
        assert "passphrase" not in repr(plant._line._identity)


def test_a_wrong_password_is_told_and_not_tried_again(
    ask: Ask, url: str, script: Script, sessions: list[str]
) -> None:
    with pytest.raises(errors.Unauthenticated, match="password is wrong"):
        ask(url, lambda plant: plant.me(), token=None, user="yuki", password="wrong")
    assert len(script.asked("/session")) == 1


# ---------------------------------------------------------------- kept tokens
def test_a_kept_token_is_used_for_its_address_only(
    ask: Ask, url: str, script: Script, tmp_path: Path
) -> None:
    script.json("GET", "/session", {})
    credentials.keep(Credential(url, "yuki", "tok_1", "kept-token"))
    credentials.keep(Credential("https://other:8443", "yuki", "tok_2", "other"))
    ask(url, lambda plant: plant.me(), token=None)
    assert script.seen[-1].headers["authorization"] == "Bearer kept-token"
    path = tmp_path / ".config" / "kizashi" / "credentials"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "kept-token" not in repr(credentials.find(url))
    credentials.forget(url)
    ask(url, lambda plant: plant.me(), token=None)
    assert "authorization" not in script.seen[-1].headers
    assert credentials.find("https://other:8443") is not None
    assert [found.name for found in path.parent.iterdir()] == ["credentials"]


@pytest.mark.parametrize("text", ["{", "[]", '{"https://plant:8443": 7}', "\x00"])
def test_damaged_credentials(text: str, tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "kizashi"
    folder.mkdir(parents=True)
    (folder / "credentials").write_text(text)
    with pytest.raises(errors.StorageError, match="it is damaged"):
        connect("https://plant:8443")


# ---------------------------------------------------------------- TLS
def _issued(
    folder: Path, name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
    )
    made = built.sign(issuer[1] if issuer else key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made, key


@pytest.mark.slow
def test_a_certificate_of_the_sites_own_authority(
    ask: Ask, script: Script, tmp_path: Path
) -> None:
    script.json("GET", "/session", {"name": "plant"})
    authority = _issued(tmp_path, "authority", None)
    _issued(tmp_path, "site", authority)
    certificate = (tmp_path / "site.pem", tmp_path / "site.key")
    with serve(script.app(), certificate=certificate) as url:
        found = ask(url, lambda plant: plant.me(), ca=tmp_path / "authority.pem")
        assert found == {"name": "plant"}
        with pytest.raises(errors.Unreachable) as raised:
            ask(url, lambda plant: plant.me())
        assert "certificate of" in str(raised.value)
        assert "ca=FILE" in raised.value.remedy
        plain = url.replace("https", "http")
        with pytest.raises(errors.Unreachable):
            ask(plain, lambda plant: plant.me(), patience=0)
        credentials.keep(
            Credential(url, "yuki", "tok_1", "kept", str(tmp_path / "authority.pem"))
        )
        assert ask(url, lambda plant: plant.me(), token=None) == {"name": "plant"}
        assert len(script.seen) == 2
    with serve(script.app()) as url, pytest.raises(errors.Unreachable, match="TLS"):
        ask(url.replace("http", "https"), lambda plant: plant.me())
