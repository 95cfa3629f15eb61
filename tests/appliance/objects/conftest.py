"""Shelves of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.objects import Shelf, shelf
from tests.s3 import s3, s3_place

__all__ = ["s3", "s3_place"]


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.xdist_group("s3"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """Return an empty shelf, of each kind in turn."""
    if request.param == "folder":
        return shelf(tmp_path / "shelf")
    return shelf(request.getfixturevalue("s3_place"))
