"""Certificates: real handshakes with them, who may read them, and when they are made anew."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from appliance.core import clock
from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.settings import Settings, load_settings
from appliance.tls import Authority, Refreshing, listening
from appliance.tls.authority import expiry, names_of


def _settings(home: Path, **given: object) -> Settings:
    return Settings.model_validate({"home": home, "host": "0.0.0.0", **given})


@contextmanager
def _server(context: ssl.SSLContext) -> Iterator[int]:
    """Greet whoever comes, over TLS."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        while True:
            try:
                one, _ = listener.accept()
                with context.wrap_socket(one, server_side=True) as shown:
                    shown.recv(1)
            except ssl.SSLError:
                continue  # the client did not trust us
            except OSError:
                return

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(30)


def _seen(port: int, client: ssl.SSLContext, name: str) -> x509.Certificate:
    """Return the certificate that a client sees, if it trusts it."""
    with (
        closing(socket.create_connection(("127.0.0.1", port))) as plain,
        client.wrap_socket(plain, server_hostname=name) as shown,
    ):
        shown.send(b".")
        found = shown.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found)


def _context(settings: Settings) -> ssl.SSLContext:
    found = listening(settings)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    assert found.certfile is not None
    context.load_cert_chain(found.certfile, found.keyfile)
    return context


def test_this_machine_alone_needs_no_certificate(tmp_path: Path) -> None:
    found = listening(load_settings(tmp_path))
    assert (found.host, found.port, found.certfile, found.keyfile) == (
        "127.0.0.1",
        8443,
        None,
        None,
    )
    assert found.url == found.local_url == "http://127.0.0.1:8443"
    assert found.context() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_others_are_only_served_over_tls(tmp_path: Path, host: str) -> None:
    found = listening(_settings(tmp_path, host=host))
    assert found.certfile is not None
    assert found.url.startswith("https://")
    assert found.local_url in (
        "https://127.0.0.1:8443",
        "https://[::1]:8443",
        "https://192.0.2.7:8443",
    )


@pytest.mark.parametrize("host", ["", "plant", "300.1.1.1", "127.0.0.1:80"])
def test_host_must_be_an_address(tmp_path: Path, host: str) -> None:
    (tmp_path / "kizashi.toml").write_text(f'host = "{host}"\n')
    with pytest.raises(InvalidRequest, match="no address of this machine"):
        load_settings(tmp_path)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", socket.gethostname()])
def test_clients_that_trust_the_authority_trust_the_appliance(
    tmp_path: Path, name: str
) -> None:
    settings = _settings(tmp_path)
    with _server(_context(settings)) as port:
        client = ssl.create_default_context(cafile=str(tmp_path / "secrets" / "ca.pem"))
        _seen(port, client, name)
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            _seen(port, client, "elsewhere.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            _seen(port, ssl.create_default_context(), name)


def test_the_certificate_holds_for_the_address_that_leads_to_the_site(tmp_path: Path) -> None:
    for host in ("kizashi.plant.example", "192.0.2.7", "[2001:db8::7]"):
        settings = Settings(home=tmp_path, host="0.0.0.0", public_url=f"https://{host}:30443")
        path = listening(settings).certfile
        assert path is not None
        names = names_of(x509.load_pem_x509_certificate(path.read_bytes()))
        assert {host.strip("[]"), "localhost"} <= names


def test_programs_of_this_machine_trust_the_very_certificate(tmp_path: Path) -> None:
    own, other = _settings(tmp_path / "own"), _settings(tmp_path / "other")
    with _server(_context(own)) as port:
        trusting = listening(own).context()
        assert trusting is not None
        _seen(port, trusting, "any.example")
        doubting = listening(other).context()
        assert doubting is not None
        with pytest.raises(ssl.SSLCertVerificationError):
            _seen(port, doubting, "any.example")


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    listening(_settings(tmp_path))
    secrets = tmp_path / "secrets"
    assert secrets.stat().st_mode & 0o077 == 0
    assert {path.name for path in secrets.iterdir()} == {"ca.key", "ca.pem", "server.pem"}
    for path in secrets.iterdir():
        assert path.stat().st_mode & 0o177 == 0, path.name


def test_certificate_is_kept_until_it_must_be_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    first = listening(settings).certfile
    assert first is not None
    authority, before = Authority(tmp_path / "secrets").fingerprint(), first.read_bytes()
    listening(settings)
    assert first.read_bytes() == before
    later = clock.now() + timedelta(days=370)
    monkeypatch.setattr(clock, "now", lambda: later)
    listening(settings)
    assert first.read_bytes() != before
    assert expiry(first) > later + timedelta(days=300)
    assert Authority(tmp_path / "secrets").fingerprint() == authority


def test_new_name_or_another_authority_makes_a_new_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    path = authority.issue(["a.example"])
    path = authority.issue(["a.example", "b.example", "10.1.2.3"])
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert names_of(certificate) == {"a.example", "b.example", "10.1.2.3"}
    authority.issue(["a.example"])
    assert x509.load_pem_x509_certificate(path.read_bytes()) == certificate
    for name in ("ca.key", "ca.pem"):
        (tmp_path / name).unlink()
    authority.issue(["a.example"])
    assert x509.load_pem_x509_certificate(path.read_bytes()) != certificate


@pytest.mark.parametrize("damage", ["cut off", "of another"])
def test_damaged_authority_is_named(tmp_path: Path, damage: str) -> None:
    Authority(tmp_path / "other").issue(["a.example"])
    authority = Authority(tmp_path / "own")
    authority.issue(["a.example"])
    key = tmp_path / "own" / "ca.key"
    other = (tmp_path / "other" / "ca.key").read_bytes()
    key.write_bytes(key.read_bytes()[:40] if damage == "cut off" else other)
    with pytest.raises(StorageError, match="or remove both: new ones are made"):
        authority.issue(["a.example"])


# ---------------------------------------------------------------- of one's own
def _given(folder: Path, name: str = "plant.example") -> Path:
    return Authority(folder).issue([name])


def test_own_certificate_is_the_one_shown(tmp_path: Path) -> None:
    given = _given(tmp_path / "given")
    settings = _settings(tmp_path / "home", tls_certificate=given, tls_key=given)
    with _server(_context(settings)) as port:
        client = ssl.create_default_context(cafile=str(tmp_path / "given" / "ca.pem"))
        _seen(port, client, "plant.example")
    assert not (tmp_path / "home").exists()


def test_own_certificate_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, other = _given(tmp_path / "given"), _given(tmp_path / "other")
    key = tmp_path / "other.key"
    key.write_text(other.read_text().partition("-----BEGIN PRIVATE")[2].join(["", ""]))
    for certificate, key_file, words in (
        (given, None, "both"),
        (None, given, "both"),
        (tmp_path / "none.pem", given, "cannot be read"),
        (given, tmp_path / "none.pem", "cannot be used"),
        (given, tmp_path / "other" / "ca.key", "cannot be used"),
        (key, given, "cannot be read"),
    ):
        settings = _settings(tmp_path, tls_certificate=certificate, tls_key=key_file)
        with pytest.raises((InvalidRequest, StorageError), match=words):
            listening(settings)
    monkeypatch.setattr(clock, "now", lambda: expiry(given) + timedelta(days=1))
    with pytest.raises(InvalidRequest, match="ended on"):
        listening(_settings(tmp_path, tls_certificate=given, tls_key=given))


# ---------------------------------------------------------------- while it runs
def test_running_server_shows_the_renewed_certificate(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    context = _context(settings)
    refreshing = Refreshing(settings, context)
    client = ssl.create_default_context(cafile=str(tmp_path / "secrets" / "ca.pem"))
    with _server(context) as port:
        before = _seen(port, client, "localhost")
        refreshing.look()
        assert _seen(port, client, "localhost") == before
        (tmp_path / "secrets" / "server.pem").unlink()
        refreshing.look()
        assert _seen(port, client, "localhost") != before


def test_it_looks_by_itself_and_survives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    context = _context(settings)
    looked = threading.Event()
    real = Refreshing.look

    def look(self: Refreshing) -> None:
        real(self)
        looked.set()

    monkeypatch.setattr(Refreshing, "look", look)
    (tmp_path / "secrets" / "ca.key").write_text("damaged")
    with Refreshing(settings, context, period=0.01):
        assert looked.wait(30)
    with _server(context) as port:
        _seen(
            port,
            ssl.create_default_context(cafile=tmp_path / "secrets" / "ca.pem"),
            "localhost",
        )
