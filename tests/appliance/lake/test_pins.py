"""Tables as files at one version: whole whatever is committed later, readings last."""

from __future__ import annotations

import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import StorageError
from appliance.lake import Lake
from appliance.lake.pins import pins
from appliance.objects import shelf
from tests.appliance.lake.test_quarantine import refused


def copied(files, source, target):
    held = shelf(source)
    for file, size in files.items():
        held.fetch(file, target / file)
        assert (target / file).stat().st_size == size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("root", "commits"),
    [
        ("folder", 1),
        ("folder", 45),  # with two checkpoints
        pytest.param("s3", 21, marks=pytest.mark.xdist_group("s3")),
    ],
    indirect=["root"],
)
def test_a_pinned_version_can_be_copied_while_others_write(
    lake, root, tmp_path, make_readings, commits
):
    for number in range(commits):
        lake.readings("pumps").write(
            make_readings(["P-1"], 2, first=2 * number, flow=1.0), batch=f"b{number}"
        )
    (pin,) = pins(root)
    before = lake.readings("pumps").read()
    for number in range(45, 46 + commits // 2):
        later = make_readings(["P-1", "P-2"], 3, first=number, flow=9.0)
        lake.readings("pumps").write(later, batch=f"b{number}")
    copied(pin.files, root, tmp_path / "copy")
    copy = Lake(str(tmp_path / "copy")).readings("pumps")
    assert copy.version() == pin.version
    assert_frame_equal(copy.read(), before)
    again = copy.write(make_readings(["P-1"], 2, flow=1.0), batch="b0")
    assert again.already_written  # what was written once is known there too
    assert copy.write(make_readings(["P-3"], 2, flow=1.0), batch="new").added == 2


@pytest.mark.slow
def test_readings_are_pinned_last_and_what_is_no_table_not_at_all(
    lake, tmp_path, make_readings, make_scores
):
    assert list(pins(tmp_path / "nowhere")) == []
    for fleet in ("pumps", "fans"):
        lake.readings(fleet).write(make_readings(["P-1"], 2, flow=1.0), batch="b")
        scores = lake.scores(fleet)
        scores.commit([scores.stage(make_scores(["P-1"], 2), model_version=1)], run="r")
        lake.quarantine(fleet).write(refused("a.csv", 1), batch="b")
    (tmp_path / "readings" / "begun" / "_delta_log").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("not ours")
    names = [pin.name for pin in pins(tmp_path)]
    assert len(names) == 6
    assert names[-2:] == ["readings/fans", "readings/pumps"]


def test_a_table_that_cannot_be_read_is_named(lake, tmp_path, make_readings):
    lake.readings("pumps").write(make_readings(["P-1"], 2, flow=1.0), batch="b")
    first = tmp_path / "readings" / "pumps" / "_delta_log" / f"{0:020}.json"
    first.write_text("{")
    with pytest.raises(StorageError, match="pumps"):
        list(pins(tmp_path))
