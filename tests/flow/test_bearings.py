"""IMS: four bearings run until the outer race of the first one fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.flow.conftest import Kizashi, Tell

pytestmark = [pytest.mark.data, pytest.mark.slow]

LEARNED_UNTIL = "2004-02-15"
STOPPED = datetime(2004, 2, 19, 6, tzinfo=UTC)


def test_the_failing_bearing_is_named_a_day_ahead(
    kizashi: Kizashi, tell: Tell, data_dir: Path
) -> None:
    path = data_dir / "ims_bearing" / "ims_test2_features_derived.csv"
    told = json.loads(kizashi("ingest", path, "--fleet", "bearings", "--json"))
    assert (told["rows"], told["assets"], told["sensors"]) == (984, 1, 29)
    kizashi("train", "bearings", "--until", LEARNED_UNTIL)
    kizashi("score", "bearings")
    events = json.loads(kizashi("events", "bearings", "--anomalies", "--json"))
    start = min(datetime.fromisoformat(event["start"]) for event in events)
    first = min(events, key=lambda event: event["start"])
    ahead = STOPPED - start
    tell(
        f"IMS: {len(events)} event, {ahead / timedelta(hours=1):.0f} h before the stop, "
        f"because of {', '.join(s['name'] for s in first['sensors'][:3])}"
    )
    assert len(events) <= 2
    assert ahead >= timedelta(days=1)
    assert start >= datetime(2004, 2, 16, tzinfo=UTC), "the days before were normal"
    assert first["sensors"][0]["name"].startswith("b1_")
    assert first["ongoing"]
