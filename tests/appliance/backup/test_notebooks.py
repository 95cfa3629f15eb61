"""Notebooks in a backup: what their owners wrote, and never what a link of theirs leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.backup import back_up, restore
from appliance.backup.own import OwnFile, own_files
from appliance.core.secrets import site_key
from appliance.notebooks.folders import folder_of, prepare
from tests.appliance.backup.conftest import CHIEF


@pytest.fixture
def folder(source) -> Path:
    """An analyst's folder, with a notebook in it."""
    made = folder_of(source.home, "erika")
    prepare(made)
    (made / "軸受").mkdir()
    (made / "軸受" / "look.ipynb").write_text("{}")
    return made


def kept(backups: Path) -> list[bytes]:
    return [path.read_bytes() for path in backups.rglob("*") if path.is_file()]


def test_they_come_back_with_a_site_and_old_ones_are_moved_aside(site, folder, tmp_path):
    made = back_up(site, tmp_path / "backups", by=CHIEF)
    assert (made.missing, made.refused) == ((), ())
    site.close()
    (folder / "later.ipynb").write_text("{}")
    home = folder.parents[1]
    done = restore(tmp_path / "backups", home, by=CHIEF, replace=True)
    assert (folder / "軸受" / "look.ipynb").read_text() == "{}"
    assert not (folder / "later.ipynb").exists()
    assert (Path(done.aside) / "notebooks" / "erika" / "later.ipynb").exists()
    assert folder.stat().st_mode & 0o077 == 0
    prepare(folder)  # examples that were restored do not keep new ones out


@pytest.mark.slow
def test_what_no_backup_can_hold_is_told_and_harms_nothing_else(site, folder, tmp_path):
    (folder / "two\nlines.ipynb").write_text("{}")
    os.mkfifo(folder / "pipe")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text("{}")
    made = back_up(site, tmp_path / "backups", by=CHIEF)
    refused = ("notebooks/erika/pipe", r"notebooks/erika/two\nlines.ipynb")
    assert (made.missing, made.refused) == ((), refused)
    restore(tmp_path / "backups", tmp_path / "new", by=CHIEF)
    back = folder_of(tmp_path / "new", "erika")
    assert {path.name for path in back.iterdir()} == {"examples", "軸受"}


def test_no_link_leads_a_backup_out_of_a_folder(site, source, folder, tmp_path):
    key = site_key(source.home)
    assert key
    secrets = source.home / "secrets"
    (folder / "key").symlink_to(secrets / "site.key")
    (folder / "there").symlink_to(secrets)
    back_up(site, tmp_path / "backups", by=CHIEF)
    content = (secrets / "site.key").read_bytes()
    assert all(content not in one for one in kept(tmp_path / "backups"))


def test_a_link_put_in_between_is_not_followed(source, folder):
    found, _ = own_files(source.home, "notebooks")
    assert "notebooks/erika/軸受/look.ipynb" in found
    own = found["notebooks/erika/軸受/look.ipynb"]
    with own.open() as reader:
        assert reader.read() == b"{}"
    (folder / "軸受").rename(folder / "elsewhere")
    (folder / "軸受").symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match="軸受"):
        own.open()
    (folder / "軸受").unlink()
    with pytest.raises(FileNotFoundError):
        own.open()
    (folder / "軸受").mkdir()
    (folder / "軸受" / "look.ipynb").symlink_to(folder / "elsewhere" / "look.ipynb")
    with pytest.raises(OSError, match=r"look\.ipynb"):
        own.open()
    with pytest.raises(FileNotFoundError):
        OwnFile(source.home / "nowhere", "a").open()
