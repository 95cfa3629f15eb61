"""A site with many fleets and events, as after years: brought in through its own stores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.pipelines.ingest import ingest
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.event import EventDraft, SensorShare, Severity

_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_ASSETS = 10
_ME = shell("benchmark")


def make(home: Path, fleets: int, events: int) -> str:
    """Fill a home; return a token that may read everything."""
    site = Site(Settings(home=home, engine="local"))
    site.access.users.add(_ME, "reader", None, admin=True)
    for number in range(fleets):
        name = f"fleet-{number:04}"
        _bring(site, name, home)
        drafts = list(event_drafts(number, events // fleets))
        spans = dict.fromkeys(_assets(), (_BEGIN, _BEGIN + timedelta(days=10_000)))
        site.events.revise(name, drafts, spans, model_version=1, score_batch="benchmark")
    made = site.access.tokens.create(_ME, "reader", "benchmark", [Right.READ])
    site.close()
    return made.secret


def touch(home: Path, event: str) -> None:
    """Write to a site as somebody at work would."""
    site = Site(Settings(home=home, engine="local"))
    site.events.comment(event, "benchmark", "seen")
    site.close()


def first_event(home: Path) -> str:
    """Return an event of a site."""
    site = Site(Settings(home=home, engine="local"))
    found = site.events.list("fleet-0000", limit=1)[0].id
    site.close()
    return found


def _assets() -> list[str]:
    return [f"machine-{number}" for number in range(_ASSETS)]


def _bring(site: Site, fleet: str, home: Path) -> None:
    file = home / f"{fleet}.csv"
    rows = [
        f"2024-01-01T00:0{i}:00Z,{asset},{i}.5,{i}.25" for i in (0, 1) for asset in _assets()
    ]
    file.write_text("\n".join(["time,asset,pressure,flow", *rows]) + "\n")
    ingest(site, [file], fleet)
    file.unlink()


def event_drafts(seed: int, count: int) -> Iterator[EventDraft]:
    """Events one after the other on every machine, hours apart, so that none merge."""
    chance = random.Random(seed)  # noqa: S311 - figures, not secrets
    for number in range(count):
        start = _BEGIN + timedelta(hours=20 * (number // _ASSETS), minutes=chance.randrange(60))
        share = round(chance.uniform(0.5, 1.0), 3)
        yield EventDraft(
            asset=f"machine-{number % _ASSETS}",
            start=start,
            end=start + timedelta(minutes=chance.randrange(5, 300)),
            peak=chance.uniform(3, 9),
            peak_time=start,
            threshold=3.0,
            severity=chance.choice(list(Severity)),
            sensors=(
                SensorShare(name="pressure", share=share, direction=1),
                SensorShare(name="flow", share=round(1 - share, 3), direction=-1),
            ),
        )
