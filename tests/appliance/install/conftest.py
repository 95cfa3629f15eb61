"""Fixtures of the installer's tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appliance.install.checkout import Checkout, make_checkout


@dataclass(frozen=True)
class Installed:
    """A checkout and a home that it is installed in."""

    checkout: Checkout
    home: Path
    output: str

    @property
    def site(self) -> Path:
        """Where its packages are."""
        return next((self.home / "env").glob("lib/python3.*/site-packages"))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """One home a module, its path as awkward as a plant's may be."""
    folder = tmp_path_factory.mktemp("install")
    made = make_checkout(folder)
    home = folder / "第一 工場's $HOME"
    done = made.install(home)
    assert done.returncode == 0, done.stdout + done.stderr
    return Installed(made, home, done.stdout)
