"""A furnished home for each page, and a place to type its commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs import sandbox


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a plant's files and, in ``home``, of the site that knows them."""
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIZASHI_ENGINE", "local")
        sandbox.lay_out(folder)
        sandbox.furnish(folder / "home", folder)
    return folder


@pytest.fixture
def place(furnished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the plant, as the working folder, with its home named."""
    shutil.copytree(furnished, tmp_path / "plant")
    monkeypatch.chdir(tmp_path / "plant")
    monkeypatch.setenv("KIZASHI_HOME", str(tmp_path / "plant" / "home"))
    monkeypatch.setenv("KIZASHI_ENGINE", "local")
    return tmp_path / "plant"
