"""SKAB: 34 experiments on a valve test rig as one fleet, from raw files to the report."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from appliance.pipelines.site import Site
from tests.flow.conftest import Kizashi, Tell

pytestmark = [pytest.mark.data, pytest.mark.slow]

KNOWN_GOOD = 400
"""Rows that an experiment runs before anything is done to the rig, by the authors."""
ONE_AN_HOUR = 720
FOLDERS = ("valve1", "valve2", "other")


@pytest.fixture
def raw(data_dir: Path) -> list[Path]:
    return [data_dir / "skab" / "data" / name for name in FOLDERS]


@pytest.fixture
def starts(raw: list[Path], tmp_path: Path) -> Path:
    for path in (path for folder in raw for path in folder.glob("*.csv")):
        target = tmp_path / "starts" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines(keepends=True)
        target.write_text("".join(lines[: KNOWN_GOOD + 1]), "utf-8")
    return tmp_path / "starts"


def _labels(raw: list[Path]) -> dict[str, pl.DataFrame]:
    """Return times and labels, by the name that the file has as an asset."""
    return {
        f"{path.parent.name}/{path.stem}": pl.read_csv(
            path, separator=";", try_parse_dates=True
        ).select(pl.col("datetime").dt.replace_time_zone("UTC").alias("time"), "anomaly")
        for folder in raw
        for path in folder.glob("*.csv")
    }


def _outcome(events: list[dict], labels: dict[str, pl.DataFrame]) -> tuple[set[str], int]:
    """Return the experiments whose fault an event met, and how many events were too early."""
    moment = pl.Series([e[k] for e in events for k in ("start", "end")]).str.to_datetime()
    spans = list(zip(moment[::2], moment[1::2], strict=True))
    found, early = set(), 0
    for event, (start, end) in zip(events, spans, strict=True):
        own = labels[event["asset"]]
        faulty = own.filter(pl.col("anomaly") == 1)["time"]
        if faulty.is_between(start, end).any():
            found.add(event["asset"])
        early += end < faulty.min()
    return found, early


def test_from_raw_files_to_the_report(
    kizashi: Kizashi, tell: Tell, raw: list[Path], starts: Path, tmp_path: Path
) -> None:
    told = json.loads(kizashi("ingest", starts, "--fleet", "rig", "--json"))
    assert (told["rows"], told["assets"], told["quarantined"]) == (34 * KNOWN_GOOD, 34, 0)
    kizashi("train", "rig", "--false-alarms", ONE_AN_HOUR)
    told = json.loads(kizashi("ingest", *raw, "--fleet", "rig", "--json"))
    assert told["rows"] == 37_401 - 34 * KNOWN_GOOD, "what was known is not added again"
    scored = json.loads(kizashi("score", "rig", "--json"))
    assert scored["rows"] == 37_401
    assert scored["judged"] >= 0.99 * scored["rows"]

    events = json.loads(kizashi("events", "rig", "--anomalies", "--json"))
    found, early = _outcome(events, _labels(raw))
    tell(f"SKAB: {len(found)} of 34 faults met by {len(events)} events, {early} before a fault")
    assert len(found) >= 29
    assert early <= 6
    for event in events:
        assert sum(sensor["share"] for sensor in event["sensors"]) == pytest.approx(1)
        assert not {s["name"] for s in event["sensors"]} & {"anomaly", "changepoint"}

    page = tmp_path / "rig.html"
    kizashi("report", "rig", "--out", page)
    text = page.read_text("utf-8")
    assert "valve1/3" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


def test_nothing_happens_twice(kizashi: Kizashi, site: Site, raw: list[Path]) -> None:
    kizashi("ingest", raw[1], "--fleet", "rig")
    kizashi("train", "rig")
    kizashi("score", "rig")
    scores, events = site.lake.scores("rig").read(), site.events.list("rig")
    told = json.loads(kizashi("ingest", raw[1], "--fleet", "rig", "--json"))
    assert told["rows"] == 0
    assert "nothing new" in kizashi("score", "rig")
    assert site.lake.scores("rig").read().equals(scores)
    assert site.events.list("rig") == events
