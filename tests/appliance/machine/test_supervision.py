"""Supervision: everything comes, comes again when it is killed, and leaves nothing behind."""

from __future__ import annotations

import stat
import threading
import xmlrpc.client
from pathlib import Path

import psutil
import pytest
from supervisor.xmlrpc import SupervisorTransport

from appliance.core.errors import InvalidRequest, OperatorError, TryAgain
from appliance.machine import logs, serving
from appliance.machine.supervisor import MARK, Supervisor
from tests.appliance.machine.conftest import (
    FAILS,
    NEVER,
    STUBBORN,
    WAITS,
    Make,
    family,
    quiet,
    running,
    until,
)

pytestmark = pytest.mark.slow
_PATIENCE = 40.0


def _up(supervisor: Supervisor, patience: float = _PATIENCE) -> None:
    serving.up(supervisor, patience, quiet)


def _marked(home: Path) -> list[psutil.Process]:
    return list(serving.marked(str(home)))


def test_up_waits_until_all_is_ready_and_down_leaves_nothing(make: Make) -> None:
    supervisor = make(first=WAITS, second=WAITS)
    seen: list[dict[str, str]] = []
    serving.up(supervisor, _PATIENCE, seen.append)
    assert seen[-1] == {"first": "ready", "second": "ready"}
    found = serving.status(supervisor, "http://here")
    assert found.model_dump() == {"ready": True, "url": "http://here", "roles": seen[-1]}
    assert len(_marked(supervisor.home)) == 5
    everything = [*running(supervisor.home, "first"), *running(supervisor.home, "second")]
    assert serving.down(supervisor)
    assert not any(one.is_running() for one in everything)
    assert _marked(supervisor.home) == []
    assert serving.status(supervisor, "").roles == {"first": "stopped", "second": "stopped"}
    assert not serving.down(supervisor)


def test_who_reaches_the_socket_can_do_nothing_without_the_key(make: Make) -> None:
    supervisor = make(first=WAITS)
    _up(supervisor)
    for name, key in ((None, None), ("kizashi", "guessed")):
        transport = SupervisorTransport(name, key, f"unix://{supervisor.socket}")
        with pytest.raises(xmlrpc.client.ProtocolError, match="401"):
            xmlrpc.client.ServerProxy("http://supervisor", transport).supervisor.shutdown()
        transport.close()
    assert stat.S_IMODE((supervisor.home / "run" / "supervisor.key").stat().st_mode) == 0o600
    assert serving.status(supervisor, "").ready


def test_up_again_changes_nothing(make: Make) -> None:
    supervisor = make(first=WAITS)
    _up(supervisor)
    before = running(supervisor.home, "first"), supervisor.process()
    _up(supervisor)
    assert (running(supervisor.home, "first"), supervisor.process()) == before


def test_killed_it_comes_again(make: Make) -> None:
    supervisor = make(first=WAITS, second=WAITS)
    _up(supervisor)
    killed, other = (running(supervisor.home, role)[0] for role in ("first", "second"))
    killed.kill()
    until(lambda: family(supervisor.home, "first")[:1] not in ([], [str(killed.pid)]))
    until(lambda: serving.status(supervisor, "").ready)
    assert running(supervisor.home, "second")[0] == other


def test_what_does_not_end_is_killed_within_its_time(make: Make) -> None:
    supervisor = make(first=STUBBORN)
    _up(supervisor)
    stubborn = running(supervisor.home, "first")
    serving.down(supervisor)
    assert not any(one.is_running() for one in stubborn)


def test_killed_supervisor_leaves_nothing_to_the_next(make: Make) -> None:
    supervisor = make(first=WAITS)
    _up(supervisor)
    before = running(supervisor.home, "first")
    process = psutil.Process(supervisor.process())
    process.kill()
    process.wait(30)
    assert before[0].is_running()
    assert serving.status(supervisor, "").roles == {"first": "stopped"}
    _up(supervisor)
    assert not any(one.is_running() for one in before)
    assert running(supervisor.home, "first")[0].is_running()


def test_what_does_not_come_is_named_with_its_last_words(make: Make) -> None:
    supervisor = make(good=WAITS, bad=FAILS)
    with pytest.raises(OperatorError, match="bad ends as soon as it is started") as caught:
        _up(supervisor)
    assert "it cannot: no reason" in str(caught.value)
    assert str(supervisor.log("bad")) in str(caught.value)
    assert _marked(supervisor.home) == []


def test_what_is_never_ready_is_waited_for_so_long(make: Make) -> None:
    supervisor = make(slow=NEVER)
    with pytest.raises(OperatorError, match="slow was not ready in 2 s") as caught:
        _up(supervisor, 2)
    assert "still at it" in str(caught.value)
    assert _marked(supervisor.home) == []


def test_a_part_that_fails_later_does_not_bring_down_what_ran(make: Make) -> None:
    supervisor = make(good=WAITS, late=WAITS)
    _up(supervisor)
    good = running(supervisor.home, "good")
    broken = Supervisor(supervisor.home, [*supervisor.processes])
    object.__setattr__(broken.processes[1], "ready", lambda _process: False)
    with pytest.raises(OperatorError, match="late was not ready"):
        _up(broken, 1)
    assert all(one.is_running() for one in good)


def test_what_was_given_up_is_started_again_by_up(make: Make) -> None:
    supervisor = make(first=WAITS)
    _up(supervisor)
    supervisor._tell("stopProcess", "first")
    assert serving.status(supervisor, "").roles == {"first": "stopped"}
    _up(supervisor)
    assert serving.status(supervisor, "").ready


@pytest.mark.parametrize(
    "name", ["第一 工場's $HOME", "a" * 60 + "/" + "b" * 60, 'with (brackets) & "quotes"']
)
def test_paths_as_awkward_as_a_plants_may_be(make: Make, tmp_path: Path, name: str) -> None:
    supervisor = make(tmp_path / name, first=WAITS)
    _up(supervisor)
    folder = supervisor.socket.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(supervisor.socket.stat().st_mode) & 0o077 == 0
    assert "is ready" in supervisor.log("first").read_text()


@pytest.mark.parametrize("name", ["a ;b", "a #b", "a\nb", "100%"])
def test_path_that_cannot_be_written_down_is_refused(
    make: Make, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidRequest, match="Move it"):
        _up(make(tmp_path / name, first=WAITS))


def test_only_its_owner_may_read_what_it_writes(make: Make) -> None:
    supervisor = make(first=WAITS + "\nopen('x', 'w')")
    _up(supervisor)
    for path in supervisor.home.rglob("*"):
        if path.name != "first.note":
            assert path.stat().st_mode & 0o077 == 0, path


def test_users_other_python_does_not_leak_in(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    monkeypatch.setenv("KIZASHI_LANGUAGE", "ja")
    supervisor = make(first=WAITS)
    _up(supervisor)
    environment = running(supervisor.home, "first")[0].environ()
    assert "PYTHONHOME" not in environment
    assert environment["KIZASHI_LANGUAGE"] == "ja"
    assert environment[MARK] == str(supervisor.home)


def test_one_at_a_time_brings_it_up_or_down(make: Make) -> None:
    supervisor = make(first=WAITS)
    with serving.alone(supervisor, 0):
        told = threading.Event()

        def other() -> None:
            with pytest.raises(TryAgain, match="somebody else"), serving.alone(supervisor, 0):
                pass
            told.set()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)
        assert told.is_set()


# ---------------------------------------------------------------- logs
@pytest.mark.parametrize("lines", [0, 1, 3, 1000, 30_000])
def test_tail_of_a_file_of_any_length(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "long.log"
    every = [f"{number} {'漢' * (number % 7)}" for number in range(20_000)]
    path.write_text("\n".join(every) + "\n", "utf-8")
    assert logs.tail(path, lines) == (every[-lines:] if lines else [])
    assert logs.tail(tmp_path / "none.log", lines) == []


def test_follow_goes_on_over_rotation(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_text("before\n")

    def write(text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    reader = logs._Reader(path)
    write("first\nhal")
    assert reader.new() == ["first"]
    write("f\n")
    assert reader.new() == ["half"]
    path.rename(tmp_path / "one.log.1")
    assert reader.new() == []
    write("anew\n")
    assert reader.new() == ["anew"]
    ended = threading.Event()
    added = logs.follow([path, tmp_path / "none.log"], ended)
    ended.set()
    assert list(added) == []
