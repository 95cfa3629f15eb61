"""Folders: files are taken once they are at rest, and what is wrong with one stops no other."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.core.clock import now
from appliance.core.errors import SourceError
from appliance.intake.sources.folder import FolderSource
from appliance.schemas.source import Folder
from tests.appliance.intake.sources.conftest import Plant
from tests.appliance.intake.sources.kinds import FolderKind, readings


@pytest.mark.slow
def test_a_file_that_grows_is_taken_again_and_adds_what_is_new(
    plant: Plant, folder: FolderKind
):
    plant.add(folder.origin())
    text = readings(0, 10).write_csv()
    half = folder.folder / "part.csv"
    half.write_text(text[: len(text) // 2])
    with plant.open() as live:
        plant.drain(live)
        assert 0 < plant.count() < 20
        half.write_text(text)
        plant.drain(live)
    assert plant.same(readings(0, 10))


@pytest.mark.slow
def test_a_file_that_still_changes_is_left(plant: Plant, folder: FolderKind):
    plant.add({**folder.origin(), "settled": 60})
    folder.put(readings(0, 2))
    with plant.open() as live:
        plant.drain(live)
        assert plant.count() == 0
        old = now().timestamp() - 61
        os.utime(folder.folder / "part-1.csv", (old, old))
        plant.drain(live)
    assert plant.count() == 4


@pytest.mark.slow
def test_files_go_once_they_are_in_and_refused_ones_stay(plant: Plant, folder: FolderKind):
    plant.add({**folder.origin(), "after": "remove"})
    folder.put(readings(0, 5))
    bad = folder.folder / "bad.csv"
    bad.write_bytes(b"\x00\xff\xfe garbage \x00" * 100)
    (folder.folder / "empty.csv").write_text("")
    folder.put(readings(5, 5))
    with plant.open() as live:
        plant.drain(live)
        plant.drain(live)
        assert plant.same(readings(0, 10))
        assert sorted(path.name for path in folder.folder.iterdir()) == ["bad.csv", "empty.csv"]
        told = plant.told()
        assert (told.refused, told.error) == (2, "")
        assert told.refusal
        plant.drain(live)
        assert plant.told().refused == 2, "it is not looked at again"
        bad.write_bytes(readings(10, 1).write_csv().encode())
        plant.drain(live)
        plant.drain(live)
    assert plant.same(readings(0, 11))
    assert not bad.exists()


def test_a_column_that_is_asked_for_and_not_there_refuses_the_file(
    plant: Plant, folder: FolderKind
):
    plant.add({**folder.origin(), "after": "remove"}, asset="pump")
    folder.put(readings(0, 5))
    with plant.open() as live:
        plant.drain(live)
    assert "--asset pump: no column of that name" in plant.told().refusal
    assert (folder.folder / "part-1.csv").exists()


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "nowhere"])
def test_only_folders_below_the_import_folders_are_looked_into(plant: Plant, path: str):
    (plant.site.settings.home / "elsewhere").mkdir()
    with pytest.raises(SourceError, match="below the import folders"):
        FolderSource(Folder(path=path), plant.site.settings)


def test_links_and_patterns_lead_nowhere_else(plant: Plant, folder: FolderKind):
    secret = plant.site.settings.home / "import" / "secret.csv"
    readings(0, 5).write_csv(secret)
    (folder.folder / "link.csv").symlink_to(secret)
    (folder.folder / ".hidden.csv").write_text(secret.read_text())
    for pattern in ("*", "../*", "**/*", "/etc/*", str(Path(secret).parent / "*")):
        origin = Folder(path="box", pattern=pattern, settled=0)
        source = FolderSource(origin, plant.site.settings)
        with suppress(SourceError):  # a pattern that cannot be, which is told
            assert source.pull({}) is None
