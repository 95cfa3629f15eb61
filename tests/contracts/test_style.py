"""What ``make lint`` asks, asked by the tests too: format, lint, types."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.contracts.source import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "command",
    ["ruff format --check --no-cache .", "ruff check --no-cache .", "mypy"],
)
def test_the_code_is_clean(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
