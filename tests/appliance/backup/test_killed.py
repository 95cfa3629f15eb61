"""A run may be killed before any of its file operations: what was whole stays whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.backup import back_up, backups
from appliance.core.errors import StorageError
from appliance.core.restoring import refuse_half
from tests.appliance.backup.conftest import CHIEF, started

pytestmark = pytest.mark.slow

DRIVER = """
import json, os, sys, traceback
from pathlib import Path
from appliance.backup import back_up, restore
from tests.appliance.backup.conftest import CHIEF, WORDS
from tests.appliance.pipelines.sites import open_site

OPERATIONS = {
    "open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.link",
    "os.listdir", "os.scandir", "sqlite3.connect",
}

def work(what, source, target):
    if what == "back_up":
        site = open_site(Path(source))
        back_up(site, Path(target), by=CHIEF, passphrase=WORDS, keep=3)
        site.close()
    else:
        restore(Path(source), Path(target), by=CHIEF, replace=True)

def run(what, source, target, last):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0
        def watch(event, arguments):
            nonlocal count
            if event in OPERATIONS and str(arguments[0]).startswith(sys.argv[1]):
                count += 1
                if count == last:
                    os._exit(9)
        sys.addaudithook(watch)
        try:
            work(what, source, target)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os.write(writer, str(count).encode())
        os._exit(0)
    os.close(writer)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told = os.read(reader, 20)
    os.close(reader)
    return status, int(told or 0)

for line in sys.stdin:
    print(json.dumps(run(*json.loads(line))), flush=True)
"""

Run = Callable[..., tuple[int, int]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run something in a fork of a prepared process, killed before its nth file operation."""
    driver = started(DRIVER, tmp_path)
    assert driver.stdin is not None
    assert driver.stdout is not None

    def tell(what: str, source: Path, target: Path, last: int = 0) -> tuple[int, int]:
        assert driver.stdin is not None
        assert driver.stdout is not None
        driver.stdin.write(json.dumps([what, str(source), str(target), last]) + "\n")
        driver.stdin.flush()
        answer = driver.stdout.readline()
        assert answer, driver.communicate()[1]
        status, count = json.loads(answer)
        assert status in (0, 9), driver.communicate("")[1]
        return status, count

    yield tell
    driver.communicate()


def test_a_backup_killed_anywhere_leaves_the_earlier_ones_whole(run, site, source, tmp_path):
    target = tmp_path / "backups"
    first = back_up(site, target, by=CHIEF).backup.id
    status, operations = run("back_up", source.home, tmp_path / "other")
    assert (status, operations > 100) == (0, True)

    @settings(max_examples=20, deadline=None)
    @given(st.integers(1, operations))
    def killed(last: int) -> None:
        before = {one.id for one in backups(target)}
        run("back_up", source.home, target, last)
        after = backups(target, thorough=True)
        assert [one.reason for one in after if not one.whole] == []
        lost = before - {one.id for one in after}
        assert not lost or len(after) >= 3, "only what --keep lets go may go"

    killed()
    assert run("back_up", source.home, target)[0] == 0
    left = backups(target, thorough=True)
    assert [one.whole for one in left] == [True] * 3
    assert first not in {one.id for one in left}
    assert list(target.rglob(".draft*")) == []


def test_a_restore_killed_anywhere_is_old_or_new_and_completes(run, site, source, tmp_path):
    target = tmp_path / "backups"
    made = back_up(site, target, by=CHIEF).backup.id
    site.registry.promote("pumps", 1, "x")
    for _ in range(2):  # the old home has more in its log than the new one will
        back_up(site, tmp_path / "other", by=CHIEF)
    site.close()
    home, old = tmp_path / "restored", _state(source.home)
    shutil.copytree(source.home, home)
    status, operations = run("restore", target / made, home)
    assert (status, operations > 50) == (0, True)
    new = _state(home)
    assert new != old

    @settings(max_examples=12, deadline=None)
    @given(st.integers(1, operations) | st.integers(operations - 40, operations))
    def killed(last: int) -> None:
        shutil.rmtree(home)
        shutil.copytree(source.home, home)
        run("restore", target / made, home, last)
        try:
            refuse_half(home)
        except StorageError:
            pass  # nobody may use it until it is completed
        else:
            assert _state(home) in (old, new)
        assert run("restore", target / made, home)[0] == 0
        assert _state(home) == new
        assert list(home.glob(".restore*")) == []
        aside = sorted(home.glob("replaced-*"))
        assert _state(aside[0]) == old

    killed()


def _state(home: Path) -> tuple[int, list[str]]:
    """Return how much the log of a home tells, and which files its lake and models have."""
    database = sqlite3.connect(home / "kizashi.db")
    (entries,) = database.execute("SELECT count(*) FROM audit").fetchone()
    database.close()
    files = [path for part in ("lake", "models") for path in (home / part).rglob("*")]
    kept = [path for path in files if path.is_file() and path.name != "_last_checkpoint"]
    return entries, sorted(path.relative_to(home).as_posix() for path in kept)
