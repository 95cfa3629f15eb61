"""Logins by a provider of identities that runs beside the test, and is not ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import KeySet, RSAKey

from appliance.access import shell
from appliance.access.provider import Errand
from appliance.access.provider.terms import SECRET_FILE, terms_of
from appliance.api.app import create_app
from appliance.api.errands import COOKIE, Errands
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, Unauthenticated
from appliance.core.secrets import keep, site_key
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from tests.appliance.api.conftest import PREFIX
from tests.appliance.api.ports import free_port
from tests.appliance.databases import fresh_home
from tests.appliance.people import PASSWORD, cheap_access

SECRET = "the provider knows this site by it"
BACK = "http://testserver/api/v1/session/oidc/callback"
ROLES = {"plant-engineers": ["engineer", "viewer:line2"], "plant-it": ["admin:*"]}
ME = shell("test")


@pytest.fixture(scope="module")
def issuer():
    """Run the provider; return how it calls itself."""
    port = free_port()
    serve = Path(__file__).parent / "oidc_provider" / "serve.py"
    command = [sys.executable, "-W", "ignore", serve, str(port), SECRET, BACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}/o"
        running.terminate()


@pytest.fixture
def plant(tmp_path, issuer):
    """Return a function that opens the site with more settings, and gives it and a browser."""
    opened: list[tuple[Site, TestClient]] = []
    keep(tmp_path / "secrets" / SECRET_FILE, SECRET.encode())

    def open_site(**more):
        told = {
            "oidc_issuer": issuer,
            "oidc_client_id": "kizashi",
            "oidc_groups_claim": "realm.groups",
            "oidc_roles": ROLES,
            "engine": "local",
        }
        site = Site(Settings(home=fresh_home(tmp_path), **(told | more)))
        site.access = cheap_access(site)
        if "line2" not in [one.name for one in site.access.projects.list(ME)]:
            site.access.projects.add(ME, "line2")
        browser = TestClient(create_app(site), follow_redirects=False)
        opened.append((site, browser))
        return site, browser

    yield open_site
    for site, browser in opened:
        browser.close()
        site.close()


def sent(browser, then="/fleets"):
    """Begin a login; return where the browser is sent."""
    answer = browser.get(f"{PREFIX}/session/oidc", params={"then": then})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def at_provider(url, name):
    """Log in at the provider; return where it sends the browser back to."""
    answer = httpx2.get(url, params={"login_hint": name} | parse(url))
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def parse(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def logged_in(browser, name, then="/fleets"):
    return browser.get(at_provider(sent(browser, then), name))


@pytest.mark.slow
def test_somebody_comes_back_with_a_session_and_the_roles_of_their_groups(plant):
    site, browser = plant()
    url = sent(browser)
    asked = parse(url)
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == BACK
    answer = browser.get(at_provider(url, "erika"))
    assert answer.status_code == 200, answer.text
    assert 'url=/fleets"' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    cookies = answer.headers.get_list("set-cookie")
    (session,) = [one.lower() for one in cookies if one.startswith("kizashi_session=ks_")]
    assert "httponly" in session
    assert "samesite=strict" in session
    me = browser.get(f"{PREFIX}/session").json()
    assert me["user"] == "erika"
    assert me["roles"] == {"default": "engineer", "line2": "viewer"}
    assert me["csrf"]
    # The provider is where what they have is decided: next time without line2.
    _, browser = plant(oidc_roles={"plant-engineers": ["analyst"]})
    logged_in(browser, "erika")
    assert browser.get(f"{PREFIX}/session").json()["roles"] == {"default": "analyst"}
    told = [entry.action for entry in site.access.audit.list(ME, what="user:erika")]
    assert told == [
        "session.opened",
        "role.revoked",
        "role.granted",
        "session.opened",
        "role.granted",
        "role.granted",
        "user.added",
    ]


@pytest.mark.slow
def test_a_group_can_make_admins_of_the_whole_site_but_never_take_the_last(plant):
    site, browser = plant()
    logged_in(browser, "chief")
    assert browser.get(f"{PREFIX}/session").json()["admin"] is True
    _, browser = plant(oidc_roles={"others": ["admin:*"], "plant-it": ["viewer"]})
    assert logged_in(browser, "chief").status_code == 200
    assert browser.get(f"{PREFIX}/session").json()["admin"] is True
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    logged_in(browser, "chief")
    assert browser.get(f"{PREFIX}/session").json()["admin"] is False


@pytest.mark.slow
def test_whoever_has_no_place_here_does_not_become_a_user(plant):
    site, browser = plant()
    refused = logged_in(browser, "victor")
    assert refused.status_code == 403
    assert "victor has no place" in refused.json()["detail"]
    _, browser = plant(oidc_make_users=False)
    assert logged_in(browser, "erika").status_code == 403
    assert site.access.users.list(ME) == []
    assert browser.get(f"{PREFIX}/session").status_code == 401


@pytest.mark.slow
def test_a_name_of_the_site_itself_is_nobodys_for_the_taking(plant):
    site, browser = plant()
    site.access.users.add(ME, "erika", PASSWORD, admin=True)
    refused = logged_in(browser, "erika")
    assert refused.status_code == 403
    assert "does not come by the identity provider" in refused.json()["detail"]
    site.access.identities.expect(ME, "erika", site.settings.oidc_issuer, None)
    assert logged_in(browser, "erika").status_code == 200
    # From now on she is who came first: nobody else of that name.
    site.access.identities.expect(ME, "erika", site.settings.oidc_issuer, "somebody else")
    assert logged_in(browser, "erika").status_code == 403


@pytest.mark.slow
def test_whoever_is_disabled_stays_out(plant):
    site, browser = plant()
    logged_in(browser, "erika")
    site.access.users.disable(ME, "erika")
    assert browser.get(f"{PREFIX}/session").status_code == 401
    assert logged_in(browser, "erika").status_code == 403


@pytest.mark.slow
def test_what_the_provider_says_of_groups_elsewhere_is_asked_for(plant):
    _, browser = plant(oidc_groups_claim="teams", oidc_roles={"night shift": ["viewer"]})
    logged_in(browser, "erika")
    assert browser.get(f"{PREFIX}/session").json()["roles"] == {"default": "viewer"}


@pytest.mark.slow
def test_a_way_back_that_was_not_begun_here_leads_nowhere(plant):
    site, browser = plant()
    back = at_provider(sent(browser), "erika")
    carried = browser.cookies[COOKIE]
    stranger = TestClient(create_app(site), follow_redirects=False)
    assert stranger.get(back).status_code == 401
    forged = {"state": "x" * 43, "code": parse(back)["code"]}
    assert browser.get(BACK, params=forged).status_code == 401
    assert browser.get(BACK).status_code == 401
    told = {"state": parse(back)["state"], "error": "access_denied"}
    assert browser.get(BACK, params=told).status_code == 401
    other = parse(back) | {"iss": "https://elsewhere.example"}
    assert browser.get(BACK, params=other).status_code == 401
    assert browser.get(back).status_code == 200
    # The code is good once; so is what the browser carried.
    assert COOKIE not in browser.cookies
    again = browser.get(back, headers={"Cookie": f"{COOKIE}={carried}"})
    assert again.status_code == 401


def test_what_a_browser_carries_is_good_for_ten_minutes(tmp_path):
    errands = Errands(site_key(tmp_path))
    other = Errands(bytes(32))
    sealed = errands.seal(Errand("s", "n", "v"), "/x")
    assert errands.open(sealed, "s")[1] == "/x"
    late = int(now().timestamp()) - 601
    old = errands._cipher.encrypt_at_time(errands._cipher.decrypt(sealed), late).decode()
    for carried, opener, state in (
        (old, errands, "s"),
        (sealed, other, "s"),
        (sealed, errands, "t"),
        (None, errands, "s"),
        ("", errands, ""),
    ):
        with pytest.raises(Unauthenticated):
            opener.open(carried, state)


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\t/evil.example",
        "fleets",
        "",
    ],
)
def test_a_login_leads_to_a_path_of_this_site_alone(plant, then):
    _, browser = plant()
    answer = browser.get(f"{PREFIX}/session/oidc", params={"then": then})
    assert answer.status_code == 422


def test_a_path_is_shown_as_text(plant):
    _, browser = plant()
    answer = logged_in(browser, "erika", '/"><script>alert(1)</script>')
    assert "<script>" not in answer.text


@pytest.mark.slow
def test_keys_that_the_provider_has_changed_are_asked_for(plant):
    _, browser = plant()
    directory = browser.app.state.provider._directory
    directory.keys()
    until, _ = directory._known["keys"]
    other = RSAKey.generate_key(2048, {"kid": "last year's", "use": "sig"})
    directory._known["keys"] = (until, KeySet([other]))
    assert logged_in(browser, "erika").status_code == 200


def test_a_site_that_the_provider_does_not_know_is_let_in_by_nobody(plant, tmp_path, caplog):
    keep(tmp_path / "secrets" / SECRET_FILE, b"another secret of this site")
    _, browser = plant()
    assert logged_in(browser, "erika").status_code == 401
    assert "another secret" not in caplog.text


def test_without_the_provider_one_logs_in_by_password(plant, tmp_path):
    site, browser = plant(oidc_issuer=f"http://127.0.0.1:{free_port()}/o")
    answer = browser.get(f"{PREFIX}/session/oidc")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    site.access.users.add(ME, "root", PASSWORD)
    login = {"user": "root", "password": PASSWORD}
    assert browser.post(f"{PREFIX}/session", json=login).status_code == 201
    ways = browser.get(f"{PREFIX}/session/ways").json()
    assert ways == {"password": True, "provider": "Single sign-on"}
    _, browser = plant(oidc_issuer="")
    assert browser.get(f"{PREFIX}/session/ways").json()["provider"] is None
    assert browser.get(f"{PREFIX}/session/oidc").status_code == 404


def test_another_provider_than_the_settings_say_is_refused(plant, issuer):
    _, browser = plant(oidc_issuer=issuer.replace("127.0.0.1", "localhost"))
    answer = browser.get(f"{PREFIX}/session/oidc")
    assert answer.status_code >= 400
    assert "Location" not in answer.headers


@pytest.mark.slow
def test_settings_that_cannot_be_used_are_told_at_the_start(tmp_path):
    def terms(**more):
        told = {"oidc_issuer": "https://login.example", "oidc_client_id": "kizashi"}
        return terms_of(Settings(home=tmp_path, **(told | more)))

    assert terms().secret is None
    for more in (
        {"oidc_issuer": "http://login.example"},
        {"oidc_client_id": ""},
        {"oidc_roles": {"g": ["god"]}},
        {"oidc_roles": {"g": ["viewer:*"]}},
        {"oidc_roles": {"g": ["viewer:../x"]}},
        {"oidc_authority": tmp_path / "none.pem"},
    ):
        with pytest.raises(InvalidRequest):
            terms(**more)
    secret = tmp_path / "secrets" / SECRET_FILE
    keep(secret, b"secret\n")
    assert terms().secret == "secret"
    assert "secret=" not in repr(terms())
    secret.chmod(0o640)
    with pytest.raises(InvalidRequest, match="others may read"):
        terms()


@pytest.mark.slow
def test_an_admin_says_whom_the_provider_means(plant):
    site, browser = plant()
    site.access.users.add(ME, "root", PASSWORD, admin=True)
    site.access.users.add(ME, "erika", None)
    token = site.access.tokens.create(ME, "root", "t", ["manage_users"]).secret
    bearer = {"Authorization": f"Bearer {token}"}
    path = f"{PREFIX}/users/erika/identity"
    assert browser.put(path, json={}, headers=bearer).status_code == 204
    assert logged_in(browser, "erika").status_code == 200
    assert browser.delete(path, headers=bearer).status_code == 204
    assert logged_in(browser, "erika").status_code == 403
