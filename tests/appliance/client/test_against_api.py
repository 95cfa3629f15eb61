"""Every verb against the site's real API, over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.client import Plant, connect
from appliance.core import errors
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right, Role
from tests.appliance.client.conftest import Ask
from tests.appliance.client.servers import Cutter, serve
from tests.appliance.databases import fresh_home
from tests.appliance.people import PASSWORD, cheap_access

ME = shell("test")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(Settings(home=fresh_home(tmp_path / "home"), engine="local"))
    made.access = cheap_access(made)
    made.access.users.add(ME, "root", PASSWORD, admin=True)
    yield made
    made.close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with serve(create_app(site)) as url:
        yield url


@pytest.fixture
def plant(address: str) -> Iterator[Plant]:
    with connect(address, user="root", password=PASSWORD) as made:
        yield made


@pytest.mark.slow
def test_who_asks(ask: Ask, address: str, site: Site) -> None:
    login = {"token": None, "user": "root", "password": PASSWORD}
    me = ask(address, lambda plant: plant.me(), **login)
    assert (me["user"], me["admin"], me["via"]) == ("root", True, "session")
    assert ask(address, lambda plant: plant.site(), **login).timezone == "UTC"
    made = site.access.tokens.create(ME, "root", "tests", [Right.READ])
    assert ask(address, lambda plant: plant.me(), token=made.secret)["via"] == "token"
    with pytest.raises(errors.Unauthenticated) as raised:
        ask(address, lambda plant: plant.me(), token="kz_wrong")
    assert raised.value.status == 401
    assert raised.value.request_id.startswith("req_")
    assert not site.access.sessions.list(ME, "root"), "each ended its own"


@pytest.mark.slow
def test_users_projects_and_tokens(plant: Plant, address: str) -> None:
    assert plant.users.add("erika", PASSWORD).name == "erika"
    plant.projects.add("line2")
    plant.projects.assign("pumps", "line2")
    plant.users.grant("erika", "line2", "engineer")
    assert plant.users.get("erika").roles == {"line2": Role.ENGINEER}
    assert [one.user for one in plant.projects.members("line2")] == ["erika"]
    assert [one.name for one in plant.users.list()] == ["erika", "root"]
    made = plant.tokens.create("press", ["read"], owner="erika", days=1)
    assert made.secret not in repr(made)
    with connect(address, made.secret) as program:
        assert program.me()["user"] == "erika"
        with pytest.raises(errors.Forbidden):
            program.users.add("other")
    assert plant.users.disable("erika").disabled
    with connect(address, made.secret) as program, pytest.raises(errors.Unauthenticated):
        program.me()
    assert not plant.users.enable("erika").disabled
    assert plant.users.set_admin("erika", True).admin
    assert plant.users.let_code_run("erika").runs_code
    assert not plant.users.let_code_run("erika", False).runs_code
    plant.users.unlock("erika")
    plant.users.set_password("erika", None)
    plant.users.revoke("erika", "line2")
    plant.tokens.revoke(made.token.id)
    (token,) = plant.tokens.list("erika")
    assert token.revoked is not None
    assert [p.fleets for p in plant.projects.list() if p.name == "line2"] == [("pumps",)]
    with connect(address, user="root", password=PASSWORD) as other:
        other.me()
        assert len([*plant.users.sessions("root")]) == 2
    assert len([*plant.users.sessions("root")]) == 1


def test_the_audit_log(plant: Plant) -> None:
    plant.users.add("erika", PASSWORD)
    (entry,) = plant.audit(by="root", on="user:erika")
    assert entry.action == "user.added"
    found = plant.check_audit()
    assert found.whole
    assert plant.check_audit(found.head).whole


@pytest.mark.slow
def test_a_write_sent_twice_is_done_once(plant: Plant, address: str) -> None:
    cutter = Cutter(int(address.rpartition(":")[2]))
    with connect(cutter.url, user="root", password=PASSWORD) as other:
        other.me()
        cutter.lose(2)
        assert other.projects.add("line2").name == "line2"
    cutter.close()
    assert len([*plant.audit(on="project:line2")]) == 1
