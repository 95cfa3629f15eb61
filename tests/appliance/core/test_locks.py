"""Work that one process does at a time, whatever machine it is on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.db import Database
from appliance.core.errors import StorageError, TryAgain
from appliance.core.locks import Lead, alone, take
from appliance.core.settings import Settings
from appliance.worker.naming import named, prefix
from tests.appliance.postgres import Server

_HOLDS = """
import sys
from pathlib import Path
from appliance.core.db import Database
from appliance.core.locks import take
held = take(Database(sys.argv[1]), Path(sys.argv[2]), "train-pumps")
assert held
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def other(database: Database, tmp_path: Path) -> Path:
    """The home of another process: the same one where the database is a file."""
    sqlite = database.engine.dialect.name == "sqlite"
    return tmp_path / ("home" if sqlite else "elsewhere")


def test_one_at_a_time(database: Database, other: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with alone(database, home, "train-pumps"):
        assert take(database, other, "train-pumps") is None
        with (
            pytest.raises(TryAgain, match="train-pumps"),
            alone(database, other, "train-pumps"),
        ):
            pass
        with alone(database, other, "train-fans"):
            pass
    with alone(database, other, "train-pumps"):
        pass


def test_who_waits_is_next(database: Database, other: Path, tmp_path: Path) -> None:
    first, entered = take(database, tmp_path / "home", "mirror"), threading.Event()
    assert first is not None

    def enter() -> None:
        with alone(database, other, "mirror", wait=True):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.2)
    first.release()
    assert entered.wait(60)
    waiting.join()


@pytest.mark.slow
def test_it_goes_with_its_process(database: Database, other: Path, tmp_path: Path) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _HOLDS, url, str(other)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert take(database, tmp_path / "home", "train-pumps") is None
        process.kill()
        process.wait()
    with alone(database, tmp_path / "home", "train-pumps", wait=True):
        pass


def test_one_leads_until_it_ends(database: Database, other: Path, tmp_path: Path) -> None:
    one = Lead(lambda: database, tmp_path / "home", "care")
    two = Lead(lambda: database, other, "care")
    assert [one.mine(), two.mine(), one.mine()] == [True, False, True]
    one.close()
    # A server lets go of what a session held when it hears of its end, which takes a moment.
    pause = threading.Event().wait
    assert any(two.mine() or pause(0.05) for _ in range(200))
    assert not one.mine()
    two.close()


@pytest.mark.slow
@pytest.mark.xdist_group("postgresql")
def test_a_database_that_forgot_who_leads_is_asked_again(
    postgresql: Server, tmp_path: Path
) -> None:
    database = Database(postgresql.make("leads"))
    one, two = (Lead(lambda: database, tmp_path, "care") for _ in range(2))
    assert one.mine()
    postgresql.tell(
        "postgres",
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'leads'",
    )
    assert two.mine()
    assert not one.mine()
    two.close()
    database.close()
    gone = Database(postgresql.url("none"))
    with pytest.raises(StorageError, match="cannot be used"):
        take(gone, tmp_path, "care")


def test_workers_of_two_homes_are_never_called_alike(tmp_path: Path) -> None:
    """Containers may have the same name, and the same numbers of processes."""
    homes = [
        Settings(home=tmp_path / name, database_url="postgresql+psycopg:///site")
        for name in ("a", "b")
    ]
    for home in homes:
        home.home.mkdir()
    names = [named(home, None) for home in (*homes, homes[0])]
    assert len({name for name, _ in names}) == 3
    assert names[2][0].startswith(prefix(homes[0]))
    assert not names[1][0].startswith(prefix(homes[0]))
    first, lock = names[0]
    lock.close()
    assert named(homes[0], None)[0] == first  # the next process goes on as the one before
