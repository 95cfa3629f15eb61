"""Old rows go, small files come together; whatever else happens, every other row stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polars.testing import assert_frame_equal

from appliance.core.errors import StorageError
from appliance.lake.soundness import Soundness
from appliance.lake.table import Table
from tests.appliance.lake.conftest import BOTH, START


@pytest.fixture
def filled(lake, make_readings, make_scores):
    """Fill a lake: three assets over two months, written in many small pieces."""
    for number in range(12):
        frame = make_readings(["A", "B", "C"], 1_440, 1_440 * number, s=1.0)
        lake.readings("pumps").write(frame, batch=f"b{number}")
        made = make_scores(["A", "B", "C"], 1_440, 1_440 * number, s=0.5)
        staged = lake.scores("pumps").stage(made, model_version=1 + number % 2)
        lake.scores("pumps").commit([staged], run=f"r{number}")
    return lake


def both(lake):
    return lake.readings("pumps").read(), lake.scores("pumps").read()


@pytest.mark.slow
@pytest.mark.parametrize("days", [0.0, 1.0, 3.5, 13.0, 40.0])
def test_rows_before_a_moment_go_and_no_others(filled, days):
    old_rows_go(filled, days)


def old_rows_go(filled, days):
    moment = START + timedelta(days=days)
    before = both(filled)
    told = filled.drop_before("pumps", moment, run="run", dry_run=True)
    for one, other in zip(before, both(filled), strict=True):
        assert_frame_equal(one, other)
    done = filled.drop_before("pumps", moment, run="run")
    assert done == told
    for was, now, one in zip(before, both(filled), done, strict=True):
        assert_frame_equal(now, was.filter(was["time"] >= moment))
        assert one.rows == was.height - now.height
    again = filled.drop_before("pumps", moment, run="run")
    assert [one.rows for one in again] == [0, 0]


@pytest.mark.slow
@BOTH
def test_small_files_come_together_and_rows_stay(filled):
    before = both(filled)
    readings, scores = filled.compact("pumps", run="run")
    assert readings.after < readings.before
    assert scores.after < scores.before
    for one, other in zip(before, both(filled), strict=True):
        assert_frame_equal(one, other)
    size = filled.size("pumps")
    assert filled.clean("pumps", older_than_hours=0)
    assert filled.size("pumps") < size
    for one, other in zip(before, both(filled), strict=True):
        assert_frame_equal(one, other)
    [again, _] = filled.compact("pumps", run="other")
    assert again.before == again.after == readings.after
    assert filled.soundness("pumps") == Soundness()
    old_rows_go(filled, 3.5)


@pytest.mark.slow
@BOTH
def test_what_is_missing_is_found(lake, make_readings, make_scores):
    lake.readings("pumps").write(make_readings(["A", "B"], 10, s=1.0), batch="b")
    scores = lake.scores("pumps")
    scores.commit([scores.stage(make_scores(["A"], 10, s=0.5), model_version=1)], run="r")
    assert lake.soundness("pumps") == Soundness()
    (gone,) = (key for key in scores.place.parquet() if "version=1" in key)
    scores.place.remove([gone])
    assert lake.soundness("pumps") == Soundness(missing=(gone,))
    assert lake.fleets() == ["pumps"]
    sizes = lake.sizes()
    assert (sizes["readings"].files, sizes["scores"].files) == (2, 1)


@pytest.mark.slow
def test_what_another_process_writes_meanwhile_stays(filled, make_readings, monkeypatch):
    more = make_readings(["A"], 100, 20_000, s=7.0)
    commit, once = Table.commit, []

    def disturbed(self, key, plan, snapshot=None):
        def late(seen):
            planned = plan(seen)
            if not once and "run" in key:
                once.append(True)
                filled.readings("pumps").write(more, batch="late")
            return planned

        return commit(self, key, late, snapshot)

    monkeypatch.setattr(Table, "commit", disturbed)
    before, moment = filled.readings("pumps").read(), START + timedelta(days=2)
    filled.drop_before("pumps", moment, run="run")
    once.clear()
    filled.compact("pumps", run="run2")
    after = filled.readings("pumps").read()
    kept = before.filter(before["time"] >= moment)
    assert after.height == kept.height + more.height
    assert after.select("asset", "time").is_duplicated().sum() == 0


@pytest.mark.slow
def test_a_failure_leaves_the_table_as_it_was(filled, monkeypatch):
    before = both(filled)

    def broken(*_):
        raise StorageError("the disk is gone.")

    monkeypatch.setattr(Table, "_write_log", broken)
    with pytest.raises(StorageError):
        filled.drop_before("pumps", START + timedelta(days=1.5), run="run")
    with pytest.raises(StorageError):
        filled.compact("pumps", run="run")
    monkeypatch.undo()
    for one, other in zip(before, both(filled), strict=True):
        assert_frame_equal(one, other)


def test_a_fleet_without_tables_has_nothing_to_do(lake):
    assert [one.rows for one in lake.drop_before("fans", START, run="run")] == [0, 0]
    assert [one.before for one in lake.compact("fans", run="run")] == [0, 0]
    assert lake.size("fans") == 0
