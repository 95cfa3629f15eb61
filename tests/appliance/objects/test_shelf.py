"""Shared files: the same words for a folder and for S3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.core import clock
from appliance.core.errors import InvalidRequest, NotFound, StorageError
from appliance.core.settings import load_settings
from appliance.objects import Shelf, Taken, join, shelf, storage_options
from tests.s3 import S3


@pytest.mark.slow
def test_what_is_put_there_is_read(place: Shelf, tmp_path: Path) -> None:
    place.put("a/one", b"1")
    place.put("a/one", b"11")
    big = tmp_path / "big"
    big.write_bytes(bytes(range(256)) * 80_000)  # in several parts
    place.put_file("a/b/big", big)

    assert place.read("a/one") == b"11"
    place.fetch("a/b/big", tmp_path / "new" / "big")
    assert (tmp_path / "new" / "big").read_bytes() == big.read_bytes()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["big"]


def test_files_are_listed_by_whole_parts_of_their_names(place: Shelf) -> None:
    for key in ("ab", "b/2", "b/1", "a/c", "a"[:1] + "/b/c"):
        place.put(key, key.encode())

    assert [entry.key for entry in place.entries()] == ["a/b/c", "a/c", "ab", "b/1", "b/2"]
    assert [entry.key for entry in place.entries("a")] == ["a/b/c", "a/c"]
    (one,) = place.entries("b/1")
    assert (one.key, one.size) == ("b/1", 3)
    assert abs(one.modified - clock.now()) < timedelta(hours=1)
    assert list(place.entries("c")) == []
    assert [entry.key for entry in place.entries("b", after="b/1")] == ["b/2"]
    assert [entry.key for entry in place.entries("b", after="b/0")] == ["b/1", "b/2"]
    assert (place.folders(), place.folders("a"), place.folders("c")) == (["a", "b"], ["b"], [])


def test_files_go(place: Shelf) -> None:
    for key in ("a/1", "a/2", "b"):
        place.put(key, b"x")
    place.delete(["a/1", "a/2", "never"])
    place.delete([])

    assert [entry.key for entry in place.entries()] == ["b"]
    with pytest.raises(NotFound, match="a/1"):
        place.read("a/1")
    with pytest.raises(NotFound):
        place.fetch("a/1", Path("/nowhere"))


def test_one_of_many_is_the_first(place: Shelf) -> None:
    def claim(number: int) -> bool:
        try:
            place.put("claim", str(number).encode(), new=True)
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(claim, range(8)))

    assert won.count(True) == 1
    assert place.read("claim") == str(won.index(True)).encode()


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a//b", "a\nb", "x" * 901])
def test_names_stay_below_the_shelf(place: Shelf, key: str) -> None:
    with pytest.raises(InvalidRequest, match="is no name"):
        place.put(key, b"")
    with pytest.raises(InvalidRequest, match="is no name"):
        place.read(key)


def test_only_a_folder_has_paths(place: Shelf) -> None:
    place.put("a", b"1")
    path = place.local("a")

    assert (path is None) == place.url.startswith("s3://")
    assert path is None or path.read_bytes() == b"1"


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be read or written"):
        shelf(tmp_path / "file").put("a", b"1")


@pytest.mark.xdist_group("s3")
def test_wrong_keys_and_buckets_are_told(
    s3_place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError, match="no such bucket"):
        shelf("s3://none/at/all").read("a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not the one")
    with pytest.raises(StorageError, match="cannot be read or written") as told:
        shelf(s3_place).put("a", b"1")
    assert "AWS_" in told.value.remedy
    assert "\n" not in str(told.value)
    assert "not the one" not in str(told.value)


@pytest.mark.xdist_group("s3")
def test_the_libraries_of_tables_are_told_where_but_no_secrets(s3: S3, s3_place: str) -> None:
    options = storage_options(s3_place)

    assert options["AWS_ENDPOINT_URL"] == s3.environment["AWS_ENDPOINT_URL"]
    assert s3.environment["AWS_SECRET_ACCESS_KEY"] not in options.values()
    assert storage_options("/somewhere") == {}


def test_only_places_of_files_are_shelves() -> None:
    with pytest.raises(InvalidRequest, match="is no place of files"):
        shelf("ftp://host/path")
    with pytest.raises(InvalidRequest, match="names no bucket"):
        shelf("s3://")


def test_one_setting_names_all_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tmp_path).lake_root == str(tmp_path / "lake")
    monkeypatch.setenv("KIZASHI_STORAGE_URL", "s3://bucket/site/")
    settings = load_settings(tmp_path)

    assert settings.lake_root == "s3://bucket/site/lake"
    assert settings.place("models") == join("s3://bucket/site", "models")
    monkeypatch.setenv("KIZASHI_STORAGE_URL", "https://bucket")
    with pytest.raises(InvalidRequest, match="storage_url"):
        load_settings(tmp_path)
