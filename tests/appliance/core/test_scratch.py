"""Folders that go with the process that made them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from appliance.core.scratch import new_scratch, scratch

_KILLED = """
import os, pathlib, signal, sys
from appliance.core.scratch import scratch
with scratch("kept", ) as made:
    (made / "rows").write_text("1")
    print(made, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", _KILLED],
        capture_output=True,
        text=True,
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
    )
    left = Path(done.stdout.strip())
    assert (left / "rows").exists(), done.stderr
    other = tmp_path / "kept-aside-1"
    other.mkdir()
    with scratch("kept") as made:
        assert made.stat().st_mode & 0o077 == 0
        assert not left.exists()
        mine = new_scratch("kept")
        assert made.exists()
    assert not made.exists()
    assert mine.exists()
    assert other.exists()
