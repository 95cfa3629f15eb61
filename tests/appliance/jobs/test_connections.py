"""The file of durable jobs is made once, however many processes begin at once."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.forked import ROOT, Forked

FILES, AT_ONCE = 40, 4
MAKING = f"""
import sys, time
from appliance.jobs.store.durable import connections

begin, folder = float(sys.argv[1]), sys.argv[2]
for number in range({FILES}):
    while time.time() < begin + 0.03 * number:
        pass
    assert connections(f"sqlite:///{{folder}}/jobs{{number}}.db") is None
"""


def test_many_that_begin_at_once_make_one_file(tmp_path: Path) -> None:
    words = ["-c", MAKING, time.time() + 0.5, tmp_path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    making = [
        Forked(words, "appliance.jobs.store.durable", environment) for _ in range(AT_ONCE)
    ]
    for process in making:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    for path in tmp_path.glob("*.db"):
        assert path.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert len(list(tmp_path.glob("*.db"))) == FILES
