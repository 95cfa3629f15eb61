"""Stores are taken against the direction in which they are written."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from appliance.backup import back_up, backups, restore
from tests.appliance.backup.conftest import CHIEF


@pytest.mark.slow
def test_a_job_is_never_told_as_done_whose_work_is_not_there(site, source, tmp_path):
    metadata, jobs = (sqlite3.connect(source.home / n, timeout=30) for n in _NAMES)
    jobs.execute("PRAGMA journal_mode=WAL")
    metadata.execute("CREATE TABLE work (number INTEGER)")
    jobs.execute("CREATE TABLE done (number INTEGER)")
    jobs.commit()
    metadata.close()
    jobs.close()
    stop = threading.Event()

    def go_on() -> None:
        with (
            closing(sqlite3.connect(source.home / "kizashi.db", timeout=30)) as metadata,
            closing(sqlite3.connect(source.home / "jobs.db", timeout=30)) as jobs,
        ):
            number = 0
            while not stop.is_set():
                number += 1
                metadata.execute("INSERT INTO work VALUES (?)", [number])
                metadata.commit()
                jobs.execute("INSERT INTO done VALUES (?)", [number])
                jobs.commit()

    worker = threading.Thread(target=go_on)
    worker.start()
    try:
        for _ in range(5):
            back_up(site, tmp_path / "backups", by=CHIEF)
    finally:
        stop.set()
        worker.join()
    counts = set()
    for number, one in enumerate(backups(tmp_path / "backups")):
        home = tmp_path / f"new{number}"
        restore(tmp_path / "backups" / one.id, home, by=CHIEF)
        with (
            closing(sqlite3.connect(home / "kizashi.db")) as metadata,
            closing(sqlite3.connect(home / "jobs.db")) as jobs,
        ):
            (work,) = metadata.execute("SELECT count(*) FROM work").fetchone()
            (done,) = jobs.execute("SELECT count(*) FROM done").fetchone()
        assert done <= work
        counts.add(done)
    assert len(counts) > 1


_NAMES = ("kizashi.db", "jobs.db")
