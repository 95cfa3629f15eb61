"""NAB's files with a known cause: seven sensors, learned without labels."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import appliance as kizashi
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import train
from appliance.schemas.event import EventKind
from tests.flow.conftest import Tell

pytestmark = [pytest.mark.data, pytest.mark.slow]

_SHORT = (
    "ambient_temperature_system_failure",
    "ec2_request_latency_system_failure",
    "nyc_taxi",
    "rogue_agent_key_hold",
    "rogue_agent_key_updown",
)
"""Without the two longest, which hold more rows than these together."""
_MONTH = timedelta(days=30)
_LEARNED = 0.15
"""Share of each file that NAB itself gives detectors to settle."""

Window = tuple[datetime, datetime]
Found = tuple[str, datetime, datetime]


@pytest.fixture(scope="module")
def windows(data_dir: Path) -> dict[str, list[Window]]:
    told = json.loads((data_dir / "nab/labels/combined_windows.json").read_text("utf-8"))
    return {
        Path(name).stem: [(_moment(low), _moment(high)) for low, high in own]
        for name, own in told.items()
        if name.startswith("realKnownCause/")
    }


@pytest.fixture(scope="module")
def files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "nab/data/realKnownCause").glob("*.csv"))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _outcome(events: Iterable[Found], windows: dict[str, list[Window]]) -> tuple[int, int]:
    """Return how many windows an event meets, and how many events meet none."""
    met: set[tuple[str, Window]] = set()
    outside = 0
    for name, start, end in events:
        own = {(name, w) for w in windows[name] if start <= w[1] and end >= w[0]}
        met |= own
        outside += not own
    return len(met), outside


def _sentence(how: str, outcome: tuple[int, int], labelled: int, months: float) -> str:
    return (
        f"NAB, {how}: {outcome[0]} of {labelled} windows met, {outcome[1]} events outside of "
        f"them in {months:.0f} sensor-months"
    )


def test_learned_from_everything_with_its_faults(
    site: Site, tell: Tell, files: list[Path], windows: dict[str, list[Window]]
) -> None:
    ingest(site, [path for path in files if path.stem in _SHORT], "known")
    version = train(site, "known")
    assert (version.lineage.assets, version.lineage.failures) == (len(_SHORT), {})
    score(site, "known")
    events = site.events.list("known", kind=EventKind.ANOMALY)
    met, outside = _outcome(((e.asset, e.start, e.end) for e in events), windows)
    months = sum(
        (a.rows - 1) * timedelta(seconds=a.interval_seconds or 0) / _MONTH
        for a in site.intake.sampling("known")
    )
    labelled = sum(len(windows[name]) for name in _SHORT)
    tell(_sentence("learned from everything", (met, outside), labelled, months))
    assert met >= 6
    assert outside <= months, "the budget is one false alarm a sensor and month"


def test_learned_from_the_first_days(
    tell: Tell, files: list[Path], windows: dict[str, list[Window]]
) -> None:
    frame = pl.concat(
        pl.read_csv(path, try_parse_dates=True, schema_overrides={"value": pl.Float64})
        .with_columns(pl.lit(path.stem).alias("file"))
        .with_columns(early=pl.int_range(pl.len()) < _LEARNED * pl.len())
        for path in files
    )
    readings = frame.drop("early")
    model = kizashi.fit(
        readings.filter(frame["early"]), asset="file", time="timestamp", engine="local"
    )
    events = model.events(model.score(readings)).filter(pl.col("kind") == "anomaly")
    found = events.select("asset", "start", "end").rows()
    met, outside = _outcome(
        ((a, s.replace(tzinfo=UTC), e.replace(tzinfo=UTC)) for a, s, e in found), windows
    )
    spans = frame.group_by("file").agg(
        span=pl.col("timestamp").max() - pl.col("timestamp").min()
    )
    months = spans["span"].sum() / _MONTH
    labelled = sum(map(len, windows.values()))
    tell(_sentence("learned from the first 15 %", (met, outside), labelled, months))
    assert met >= 10
    assert outside <= months, "the budget is one false alarm a sensor and month"
