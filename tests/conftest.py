"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# CI tells the same every time; elsewhere new examples are tried in each run.
settings.register_profile("required", derandomize=True, database=None)
if os.environ.get("KIZASHI_REQUIRE_ALL") == "1":
    settings.load_profile("required")

ROOT = Path(__file__).resolve().parent.parent


def _required() -> bool:
    return os.environ.get("KIZASHI_REQUIRE_ALL") == "1"


def skip_or_fail(reason: str) -> None:
    """Skip with a reason; where everything is required, fail instead."""
    if _required():
        pytest.fail(f"required here, but missing: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data sets (``KIZASHI_DATA``, or ``../shared/data``)."""
    folder = Path(os.environ.get("KIZASHI_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        skip_or_fail(f"real data sets not found in {folder}: set KIZASHI_DATA")
    return folder
