"""Artifacts on S3: the same as in a folder, read through copies of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from appliance.core.errors import ArtifactCorrupt, NotFound
from appliance.fleet.artifact import MANIFEST, Artifact, copy_artifact, draft_of, stands
from appliance.objects import Cache, shelf
from tests.appliance.fleet.test_artifact import arrays, build, give_up, read_all
from tests.s3 import s3, s3_place

__all__ = ["s3", "s3_place"]
pytestmark = pytest.mark.xdist_group("s3")
PART = "part-00000.safetensors"


@pytest.fixture
def place(s3_place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KIZASHI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("appliance.objects.cache._own", None)
    return f"{s3_place}/models/pumps/run_1"


def copies(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "home" / "cache").rglob("*") if path.is_file()]


def test_what_was_written_is_read_and_copied_once(place: str, tmp_path: Path) -> None:
    assert not stands(place)
    digest = build(place)
    artifact = Artifact(place)

    assert stands(place)
    assert artifact.digest == digest
    assert copies(tmp_path) == []  # the manifest alone
    for name, array in artifact.arrays("P-1").items():
        np.testing.assert_array_equal(array, arrays(1)[name])
    [copy] = copies(tmp_path)
    assert copy.parent.name == digest
    again = copy.stat().st_ino
    read_all(place)
    assert copy.stat().st_ino == again
    build(tmp_path / "local")
    copy_artifact(artifact, tmp_path / "home")
    for name in (MANIFEST, PART):
        assert (tmp_path / "home" / name).read_bytes() == (
            tmp_path / "local" / name
        ).read_bytes()


def test_a_copy_that_was_changed_is_fetched_again(place: str, tmp_path: Path) -> None:
    build(place)
    read_all(place)
    [copy] = copies(tmp_path)
    data = bytearray(copy.read_bytes())
    data[-3] ^= 4
    copy.write_bytes(data)
    read_all(place)

    shelf(place).put(PART, bytes(data))
    copy.unlink()
    with pytest.raises(ArtifactCorrupt, match="changed"):
        read_all(place)
    shelf(place).put(PART, bytes(data[:-1]))
    with pytest.raises(ArtifactCorrupt, match="bytes, not"):
        Artifact(place)
    shelf(place).delete([PART])
    with pytest.raises(ArtifactCorrupt, match="is missing"):
        Artifact(place)


def test_what_was_given_up_is_no_artifact(place: str) -> None:
    with pytest.raises(RuntimeError):
        give_up(place)
    with pytest.raises(NotFound):
        Artifact(place)
    build(place)
    with pytest.raises(RuntimeError):
        give_up(place)
    with pytest.raises(NotFound):
        Artifact(place)
    with draft_of(place):
        assert list(shelf(place).entries()) == []


def test_copies_are_bounded_the_oldest_go(tmp_path: Path) -> None:
    cache, fetched = Cache(tmp_path / "cache", most_bytes=250), []

    def ask(name: str, size: int = 100) -> Path:
        def fetch(path: Path) -> None:
            fetched.append(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(size))

        return cache.file(name, size, fetch)

    for name in ("a/1", "b/1"):
        os.utime(ask(name), (0, 0))
    for name in ("a/1", "c/1"):
        ask(name)
    assert fetched == ["a/1", "b/1", "c/1"]
    assert sorted(p.parent.name for p in (tmp_path / "cache").rglob("1")) == ["a", "c"]
    assert ask("d/1", 1000).stat().st_size == 1000  # larger than all: it is used all the same
    assert [p.parent.name for p in (tmp_path / "cache").rglob("1")] == ["d"]
    ask("d/1", 999)
    assert fetched[-2:] == ["d/1", "d/1"]
