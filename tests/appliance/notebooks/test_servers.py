"""Servers as processes of this machine: started, closed to others, and ended."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from appliance.access import Access, Person
from appliance.access.passwords import Passwords
from appliance.core.db import open_database
from appliance.core.errors import Forbidden, LimitExceeded, OperatorError
from appliance.notebooks.folders import EXAMPLES, folder_of, prepare
from appliance.notebooks.running import Running
from appliance.notebooks.servers import Servers, Terms
from appliance.notebooks.tokenfile import TOKEN
from appliance.schemas.access import Right
from tests.appliance.people import ADMIN, ME, PASSWORD, add_people

pytestmark = pytest.mark.slow
AGAIN = "again"
MOST = 600


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def access(home: Path) -> Iterator[Access]:
    """Who may what, at a site with an admin and somebody of each role."""
    database = open_database(f"sqlite:///{home / 'kizashi.db'}")
    quick = Passwords(time_cost=1, memory_kib=8, lanes=1)
    made = Access(database, bytes(32), passwords=quick)
    add_people(made)
    made.users.add(ME, AGAIN, PASSWORD, admin=True)
    yield made
    database.close()


def person(access: Access, name: str) -> Person:
    return access.authenticate(access.login(name, PASSWORD).secret)


def opened(servers: Servers, who: Person) -> Running:
    """Somebody's server, once it answers."""
    for _ in range(MOST):
        found = servers.open(who)
        if isinstance(found, Running):
            return found
        threading.Event().wait(0.2)
    raise AssertionError("it never answered")


def until(condition: Callable[[], bool]) -> None:
    for _ in range(MOST):
        if condition():
            return
        threading.Event().wait(0.2)
    raise AssertionError("it never came true")


def test_a_server_is_its_owners_and_ends_when_nobody_uses_it(
    home: Path, access: Access
) -> None:
    who = person(access, ADMIN)
    servers = Servers(Terms(home, 1, idle=4, memory=0), access, lambda: "http://127.0.0.1:1")
    one = opened(servers, who)
    folder = folder_of(home, ADMIN)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((one.run / TOKEN).stat().st_mode) == 0o600
    examples = sorted((folder / EXAMPLES).glob("*.ipynb"))
    assert len(examples) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in examples} == {0o400}
    token = (one.run / TOKEN).read_text()
    words = [*psutil.Process(one.process.pid).cmdline()]
    words += psutil.Process(one.process.pid).environ().values()
    assert not any(token in word or one.secret in word for word in words)
    known = access.authenticate(token)
    assert known.name == ADMIN
    assert known.may(Right.TRAIN)
    assert not known.may(Right.MANAGE_USERS)
    with pytest.raises(Forbidden, match="notebooks of root"):
        servers.find(person(access, AGAIN), ADMIN)
    with pytest.raises(LimitExceeded, match="1 notebook servers run"):
        servers.open(person(access, AGAIN))
    with pytest.raises(Forbidden):
        servers.open(person(access, "analyst"))
    until(lambda: not one.run.exists())
    assert servers.names() == []
    assert not psutil.pid_exists(one.process.pid)
    assert access.tokens.list(who, ADMIN)[0].revoked is not None
    servers.close()


def test_one_that_ends_at_once_is_told_in_words(home: Path, access: Access) -> None:
    who = person(access, ADMIN)
    tight = Terms(home, 1, idle=60, memory=8 * 2**20)
    servers = Servers(tight, access, lambda: "http://127.0.0.1:1")
    with pytest.raises(OperatorError, match="ended before it answered"):
        opened(servers, who)
    assert servers.names() == []
    servers.close()


def test_examples_replace_what_stands_there_and_follow_no_link(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks" / "ana"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.mkdir(parents=True)
    (folder / EXAMPLES).symlink_to(elsewhere)
    prepare(folder)
    assert list(elsewhere.iterdir()) == []
    first = sorted((folder / EXAMPLES).glob("*.ipynb"))[0]
    shipped = first.read_bytes()
    first.chmod(0o600)
    first.write_text("changed")
    prepare(folder)
    assert first.read_bytes() == shipped
    assert json.loads(shipped)["nbformat"] == 4
