"""The benchmark of what is left to tell where nobody answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.schemas.event import EventDraft, SensorShare, Severity
from benchmarks.quality import repeats
from benchmarks.quality.loaders import Series

DAY = timedelta(days=1)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def _event(day: float, sensor: str = "flow") -> EventDraft:
    start = FIRST + day * DAY
    return EventDraft(
        asset="A",
        start=start,
        end=start + DAY,
        peak=8.0,
        peak_time=start,
        threshold=5.0,
        severity=Severity.WATCH,
        sensors=(SensorShare(name=sensor, share=1.0, direction=1),),
    )


def test_a_repeat_speaks_for_no_other() -> None:
    first, repeat, later = _event(0), _event(8), _event(12)
    assert repeats.told([later, repeat, first], 10 * DAY) == [first, later]
    assert repeats.told([later, repeat, first], 20 * DAY) == [first]


def test_what_other_sensors_say_is_told() -> None:
    events = [_event(0), _event(3, "speed"), _event(6), _event(9, "speed")]
    assert repeats.told(events, 30 * DAY) == events[:2]


@pytest.mark.slow
def test_a_fault_like_one_that_nobody_answered_is_raised_and_not_told() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(3_000, 1)) + random.normal(size=(3_000, 4))
    labels = np.zeros(3_000, bool)
    for start in (1_600, 2_400):
        labels[start : start + 200] = True
        values[start : start + 200, 1] += 8
    series = Series("two faults", values[:1_000], values[1_000:], labels[1_000:])
    with make("local", load_settings()) as engine:
        found = repeats.judged(series, [2.0, 0.3], engine)
    # One is promised in 500 rows, and in 3,333; 600 rows lie between the two.
    assert {budget: (one.raised.found, one.told.found) for budget, one in found.items()} == {
        2.0: (2, 2),
        0.3: (2, 1),
    }
    for one in found.values():
        assert one.raised.faults == one.told.faults == 2
        assert one.told.false <= one.raised.false
        assert one.raised.events == one.raised.false + 2


def test_an_unknown_set_has_no_repeats(capsys: pytest.CaptureFixture[str]) -> None:
    assert repeats.main(["--sets", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.data
def test_sets_are_summed(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--sets", "asd,skab", "--every", "6", "--budgets", "1", "--json"]
    assert repeats.main([*options, "--data", str(data_dir)]) == 0
    asd, skab, together = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (asd["set"], skab["set"], together["set"]) == ("asd", "skab", "all")
    assert together["series"] == asd["series"] + skab["series"] == 7
    for what in ("raised", "told"):
        for key in ("events", "false", "found"):
            assert together[what][key] == asd[what][key] + skab[what][key]
    assert together["told"]["events"] <= together["raised"]["events"]
    assert together["told"]["found"] <= together["raised"]["found"] <= together["faults"]
