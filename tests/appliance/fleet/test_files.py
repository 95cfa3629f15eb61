"""Folders of Parquet larger than memory are scored as one frame would be."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import appliance as kizashi
from appliance.core.errors import BadFile, Conflict, NotFound
from tests.appliance.fleet.plants import readings


@pytest.fixture(scope="module", params=["forest", "auto"])
def model(request):
    return kizashi.fit(readings(), recipe=request.param, engine="local")


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setenv("KIZASHI_CHUNK_CELLS", str(7 * 700))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    readings(("P-1", "P-2"), 1000, seed=1).write_parquet(folder / "a.parquet")
    readings(("P-3",), 400, seed=2).write_parquet(folder / "deep" / "b.parquet")
    return folder


@pytest.mark.slow
def test_a_folder_becomes_a_folder(model, source, tmp_path):
    result = model.score_files(source, tmp_path / "out", engine="local")
    assert result.rows == 2400
    for name in ("a.parquet", "deep/b.parquet"):
        expected = model.score(pl.read_parquet(source / name))
        assert_frame_equal(pl.read_parquet(tmp_path / "out" / name), expected)
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("order", [["asset", "time"], ["time", "asset"]])
def test_slices_score_as_the_whole_does(model, source, tmp_path, small_chunks, order):
    path = source / "a.parquet"
    frame = pl.read_parquet(path).sort(order)
    frame.write_parquet(path)
    model.score_files(path, tmp_path / "out", engine="local")
    scored = pl.read_parquet(tmp_path / "out" / "a.parquet")
    expected = model.score(frame)
    assert_frame_equal(scored, expected, rel_tol=1e-3, abs_tol=1e-3)


@pytest.mark.slow
def test_what_is_done_is_not_done_again(model, source, tmp_path):
    first = model.score_files(source, tmp_path / "out", engine="local")
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.parquet")}
    again = model.score_files(source, tmp_path / "out", engine="local")
    assert {file.status for file in first.files} == {"scored"}
    assert {file.status for file in again.files} == {"already there"}
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.parquet")}
    (tmp_path / "out" / "a.parquet").write_bytes(b"cut off")
    readings(("P-3",), 401, seed=2).write_parquet(source / "deep" / "b.parquet")
    third = model.score_files(source, tmp_path / "out", engine="local")
    assert [file.status for file in third.files] == ["scored", "scored"]


def test_a_bad_file_is_named_and_the_others_are_done(model, source, tmp_path):
    (source / "c.parquet").write_bytes(b"rubbish")
    with pytest.raises(BadFile, match=r"c\.parquet"):
        model.score_files(source, tmp_path / "out", engine="local")
    assert (tmp_path / "out" / "a.parquet").exists()
    assert not (tmp_path / "out" / "c.parquet").exists()


def test_patterns_and_wrong_places(model, source, tmp_path):
    result = model.score_files(f"{source}/*.parquet", tmp_path / "out", engine="local")
    assert len(result.files) == 1
    with pytest.raises(NotFound, match="nowhere"):
        model.score_files(tmp_path / "nowhere", tmp_path / "out", engine="local")
    with pytest.raises(Conflict):
        model.score_files(source, source, engine="local")


def test_a_large_file_without_order_is_refused(model, source, tmp_path, small_chunks):
    path = source / "a.parquet"
    pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=0).write_parquet(path)
    with pytest.raises(BadFile, match="order of time"):
        model.score_files(path, tmp_path / "out", engine="local")
