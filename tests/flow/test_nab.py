"""NAB's files with a known cause: seven sensors, learned with their faults and no labels."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import train
from appliance.schemas.event import EventKind
from tests.flow.conftest import Tell

pytestmark = [pytest.mark.data, pytest.mark.slow]

_MONTH = timedelta(days=30)


def _windows(data_dir: Path) -> dict[str, list[tuple[datetime, datetime]]]:
    told = json.loads((data_dir / "nab/labels/combined_windows.json").read_text("utf-8"))
    return {
        Path(name).stem: [
            tuple(datetime.fromisoformat(end).replace(tzinfo=UTC) for end in window)
            for window in windows
        ]
        for name, windows in told.items()
        if name.startswith("realKnownCause/")
    }


def test_label_free_on_everything(site: Site, tell: Tell, data_dir: Path) -> None:
    ingest(site, [data_dir / "nab/data/realKnownCause"], "known")
    version = train(site, "known")
    assert (version.lineage.assets, version.lineage.failures) == (7, {})
    score(site, "known")
    windows = _windows(data_dir)
    met, outside = 0, 0
    events = site.events.list("known", kind=EventKind.ANOMALY)
    for name, own in windows.items():
        spans = [(e.start, e.end) for e in events if e.asset == name]
        met += sum(any(a <= high and b >= low for a, b in spans) for low, high in own)
        outside += sum(not any(a <= high and b >= low for low, high in own) for a, b in spans)
    months = sum(
        (a.rows - 1) * timedelta(seconds=a.interval_seconds or 0) / _MONTH
        for a in site.intake.sampling("known")
    )
    labelled = sum(map(len, windows.values()))
    tell(
        f"NAB: {met} of {labelled} windows met, {outside} events outside of them in "
        f"{months:.0f} sensor-months"
    )
    assert met >= 5
    assert outside <= months, "the budget is one false alarm a sensor and month"
