"""What uses Ray Serve, tested in a process of its own.

Serve leaves threads behind that know the Ray they began with: in a process that has used it, no
other Ray can be worked with.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ALONE = Path(__file__).with_name("serve_alone.py")
pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.xdist_group("ray")]


def test_state_is_kept_in_replicas_and_readings_are_judged_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(_ALONE)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "5 passed" in done.stdout
