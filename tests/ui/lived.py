"""A plant that people have lived in: the demo's fleets, and all that is done with them.

By the platform's own client and a real worker: jobs that ended well and badly, two models
that were compared, windows of the calendar, verdicts and comments, schedules, channels,
sources, files with rows that were refused, people with roles and tokens.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from shutil import disk_usage
from typing import TypeVar
from urllib.parse import urlencode

from appliance.access import shell
from appliance.api.store import VisitStore
from appliance.client import Plant
from appliance.client.fleet import Fleet
from appliance.client.jobs import JobHandle
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.alert import ChannelDraft
from appliance.schemas.calendar import WindowDraft, WindowKind
from appliance.schemas.event import Event, Verdict
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.platform import Metric
from appliance.schemas.recipe import Recipe, Threshold
from appliance.schemas.schedule import ScheduleDraft
from appliance.schemas.source import SourceDraft
from appliance.telemetry.history import History
from tests.appliance.alerts.receivers import address
from tests.ui.paid import pay
from ui.views import PAGES

USER, PASSWORD = "yuki", "a long enough passphrase 42"
_PEOPLE = {"kimura": "engineer", "sato": "analyst", "tanaka": "viewer"}
_REMARKS: dict[Verdict, tuple[str, ...]] = {
    "true": (
        "Bearing at the drive end ran hot; grease was renewed, spare part is ordered.",
        "カップリングの芯ずれを確認。次回停止時に芯出しを実施。",
    ),
    "false": ("Cooling water was colder than usual that night. Nothing was wrong.",),
    "planned": ("Trial with the new set point, agreed with production.",),
}
_PATIENCE = 60.0
"""Seconds after which what is waited for will not come."""
_T = TypeVar("_T")
_DAY = timedelta(days=1)
_EVERY = timedelta(minutes=5)


def admin(site: Site) -> None:
    """Let `USER` log in as the admin of the site, and have looked an hour ago."""
    person = shell("screenshots")
    if USER in {one.name for one in site.access.users.list(person)}:
        site.access.users.set_password(person, USER, PASSWORD)
    else:
        site.access.users.add(person, USER, PASSWORD, admin=True)
    VisitStore(site.database, lambda: now() - timedelta(hours=1)).look(USER)


def live(plant: Plant, home: Path) -> dict[str, str]:
    """Do what is done in a plant; return the address of each picture by its name."""
    pumps = plant.fleet("pumps").get()
    assert pumps.end is not None, "the demo has readings"
    _people(plant)
    _calendar(plant, pumps.end)
    _deal(plant)
    _failures(plant, home)
    _intake(plant, home.parent, pumps.end)
    jobs = _jobs(plant)
    _schedules(plant)
    _sources(plant, home)
    _channels(plant, home)
    _measured(home)
    pay(plant, home)
    compared = str(jobs["retrain"].result["backtest"])
    return _addresses(plant, pumps.end, compared, jobs)


# ---------------------------------------------------------------- people, events
def _people(plant: Plant) -> None:
    plant.projects.add("hall-2")
    plant.projects.assign("gearboxes", "hall-2")
    for name, role in _PEOPLE.items():
        plant.users.add(name, PASSWORD)
        plant.users.grant(name, "default", role)
    plant.users.grant("kimura", "hall-2", "admin")
    plant.tokens.create("Historian export", ["read"], days=365)
    plant.tokens.create("Nightly import", ["read", "ingest"], owner="kimura", days=90)


def _deal(plant: Plant) -> None:
    """Close some events of each fleet with remarks; leave the others in several states."""
    for fleet in plant.fleets():
        found = list(plant.fleet(fleet.fleet).events(state="open", muted=False, kind="anomaly"))
        late = sorted(found, key=lambda one: one.start)
        said = [(verdict, text) for verdict, texts in _REMARKS.items() for text in texts]
        for event, (verdict, text) in zip(late, said, strict=False):
            plant.event(event.id).comment(text)
            plant.event(event.id).close(verdict)
        for event in late[len(said) :][:2]:
            plant.event(event.id).assign("sato" if fleet.fleet != "gearboxes" else "kimura")
            plant.event(event.id).acknowledge()
        for event in late[len(said) + 2 :][:1]:
            plant.event(event.id).mute("The seal is ordered and comes on Friday.")
    most = _most_urgent(plant)
    plant.event(most.id).assign(USER)
    plant.event(most.id).comment("Vibration is rising since Monday. Have a look on the round.")
    plant.event(most.id).comment("現場確認済み。軸受から異音あり。次の停止で交換予定。")


def _most_urgent(plant: Plant) -> Event:
    return next(iter(plant.events(state="open", muted=False, kind="anomaly", limit=1)))


def _failures(plant: Plant, home: Path) -> None:
    """Tell of the faults that ended in a failure, as the demo's truth knows them."""
    truth = json.loads((home / "demo" / "truth.json").read_text("utf-8"))
    ended = [
        one for one in truth if one["difficulty"] != "hard" and "freeze" not in one["kind"]
    ]
    for one in ended:
        end = datetime.fromisoformat(one["end"])
        told = {"asset": one["asset"], "title": one["kind"].replace("_", " ").capitalize()}
        plant.fleet(one["fleet"]).add_failure(end - timedelta(hours=4), end, **told)


# ---------------------------------------------------------------- calendar, files
def _calendar(plant: Plant, end: datetime) -> None:
    zone = str(plant.zone())
    month = end.astimezone(plant.zone()).replace(day=1, hour=0, minute=0, second=0) - _DAY
    first = month.replace(day=1, hour=8, microsecond=0)
    kinds = WindowKind
    told = (
        ("pumps", None, kinds.MAINTENANCE, "Greasing", 5, 2, "FREQ=WEEKLY;BYDAY=FR"),
        ("pumps", "P-103", kinds.TEST_RUN, "Run after overhaul", 10, 30, ""),
        (None, None, kinds.PLANNED_STOP, "Plant holiday", 15, 24, ""),
        ("fans", "F-204", kinds.MAINTENANCE, "Filter change", 2, 6, ""),
        ("fans", None, kinds.OTHER, "New duct in operation", 18, 48, ""),
    )
    for fleet, asset, kind, title, day, hours, rule in told:
        start = first + day * _DAY
        draft = WindowDraft(
            fleet=fleet,
            asset=asset,
            kind=kind,
            title=title,
            start=start,
            end=start + timedelta(hours=hours),
            zone=zone,
            rule=rule,
        )
        plant.calendar.add(draft)


def _intake(plant: Plant, folder: Path, end: datetime) -> None:
    """Bring in an hour of a pump, in which some rows and cells cannot be used."""
    fleet = plant.fleet("pumps")
    lines = _hour(fleet, end)
    for n, row in enumerate(lines[1:]):
        lines[n + 1] = ["24:61" if n == 5 else row[0], row[1]] + [
            "1.2.3" if (n + k) % 7 == 0 else cell for k, cell in enumerate(row[2:])
        ]
    path = folder / "round-2026-03.csv"
    _write(path, lines)
    fleet.bring(fleet.send(path).upload, time="time", asset="asset").wait(progress=False)


def _hour(fleet: Fleet, end: datetime) -> list[list[str]]:
    """Return the cells of an hour of a fleet's first machine, taken between its readings."""
    name = next(iter(fleet.assets())).asset
    last = fleet.readings(name, start=end - timedelta(hours=1), as_="polars")
    sensors = [one.name for one in islice(fleet.sensors(), 4)]
    lines = [["time", "asset", *sensors]]
    for row in last.iter_rows(named=True):
        at = f"{row['time'].astimezone(UTC) + _EVERY / 2:%Y-%m-%dT%H:%M:%SZ}"
        lines.append([at, name, *(str(row[sensor]) for sensor in sensors)])
    return lines


def _write(path: Path, lines: list[list[str]]) -> None:
    path.write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")


def _sources(plant: Plant, home: Path) -> None:
    """Add a folder that brings readings, a database that is not there and a paused broker."""
    fans = plant.fleet("fans")
    end = fans.get().end
    assert end is not None, "the demo has readings"
    folder = home / "import" / "hall-1"
    folder.mkdir(parents=True)
    _write(folder / "fans-0312.csv", _hour(fans, end))
    (folder / "fans-0313.csv").write_text("no readings that night\n", "utf-8")
    historian = {"host": "historian.plant.example", "database": "plant", "user": "kizashi"}
    broker = {"host": "broker.plant.example", "topic": "plant/hall-2/{asset}/{sensor}"}
    told: dict[str, tuple[str, dict[str, object], bool]] = {
        "hall-1-export": (
            "fans",
            {"kind": "folder", "path": "hall-1", "pattern": "*.csv", "settled": 0},
            False,
        ),
        "historian": ("pumps", {"kind": "sql", "table": "line2.readings", **historian}, False),
        "gearbox-broker": ("gearboxes", {"kind": "mqtt", "tls": True, **broker}, True),
    }
    for name, (fleet, origin, paused) in told.items():
        draft = {"name": name, "fleet": fleet, "origin": origin, "paused": paused}
        plant.sources.add(SourceDraft.model_validate(draft))
    _until(lambda: plant.sources.get("hall-1-export").rows)
    _until(lambda: plant.sources.get("historian").failures)
    waiting = [JobState.RUNNING.value, JobState.QUEUED.value]
    _until(lambda: not list(plant.jobs.list(state=waiting)))


# ---------------------------------------------------------------- jobs
def _jobs(plant: Plant) -> dict[str, JobHandle]:
    """Ask for jobs, one of which fails and one of which is cancelled; wait for their ends."""
    pumps, fans = plant.fleet("pumps"), plant.fleet("fans")
    plant.recipes.put(
        "gentle", Recipe(name="gentle", threshold=Threshold(false_alarms_per_month=0.3))
    )
    jobs = {
        "retrain": pumps.retrain(promote="ask"),
        "score": fans.score(),
        "lost": plant.jobs.ask("ingest", "fans", paths=["logger-7/*.csv"]),
        "adjust": fans.adjust(budget=0.5),
        "report": plant.jobs.ask("report", "gearboxes", language="ja"),
        "backtest": plant.fleet("gearboxes").backtest(recipe="mahalanobis"),
    }
    for one in jobs.values():
        _ended(one)
    _ended(pumps.score())
    last = pumps.backtest()
    last.cancel()
    _ended(last)
    fans.promote(2)
    _ended(fans.score())
    return jobs


def _ended(job: JobHandle) -> None:
    try:
        job.wait(progress=False)
    except KizashiError:
        job.refresh()
    assert job.state.over


def busy(plant: Plant) -> str:
    """See to it that jobs run and one waits; return one that runs."""
    told = list(plant.jobs.list(state=[JobState.RUNNING.value, JobState.QUEUED.value]))
    fleets = [one.fleet for one in plant.fleets()]
    for fleet in (fleets * 2)[: 3 - len(told)]:
        plant.fleet(fleet).backtest()
    at_work = _until(lambda: list(plant.jobs.list(state=JobState.RUNNING.value)))
    return str(at_work[0].id)


def _until(seen: Callable[[], _T]) -> _T:
    """Look until there is something to be seen."""
    end = time.monotonic() + _PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.05)
    return found


def calm(plant: Plant) -> None:
    """End what `busy` began."""
    for state in (JobState.QUEUED, JobState.RUNNING):
        for job in plant.jobs.list(state=state.value):
            plant.jobs.get(job.id).cancel()


def _schedules(plant: Plant) -> None:
    told = (
        ("hourly-scores", "10 * * * *", JobRequest(pipeline="score", fleet="pumps"), False),
        ("fans-scores", "30 */6 * * *", JobRequest(pipeline="score", fleet="fans"), False),
        ("monthly-retrain", "0 3 1 * *", JobRequest(pipeline="retrain", fleet="pumps"), False),
        ("monday-report", "0 6 * * mon", JobRequest(pipeline="report", fleet="fans"), False),
        ("tidy-up", "30 2 * * sun", JobRequest(pipeline="compact"), True),
    )
    for name, cron, request, paused in told:
        plant.schedules.put(ScheduleDraft(name=name, cron=cron, request=request, paused=paused))
    _ended(plant.jobs.get(plant.schedules.run("hourly-scores").id))
    _ended(plant.jobs.get(plant.schedules.run("monday-report").id))


# ---------------------------------------------------------------- channels, figures
def _channels(plant: Plant, home: Path) -> None:
    """Tell a chat of an event, and a mail server that is not there of another."""
    with address() as hook:
        post = {"kind": "webhook", "url": f"{hook.url}/hooks/kizashi", "form": "text"}
        _channel(plant, "shift-chat", post)
        _tell(plant, home, "shift-chat")
        _until(lambda: not list(plant.channels.deliveries(state="waiting")))
    mail = {
        "kind": "email",
        "host": "mail.plant.example",
        "sender": "kizashi@plant.example",
        "to": ["maintenance@plant.example"],
    }
    quiet = {"start": "22:00", "end": "06:00"}
    _channel(plant, "maintenance", mail, language="ja", fleets=["pumps", "fans"], quiet=quiet)
    _tell(plant, home, "maintenance")


def _tell(plant: Plant, home: Path, channel: str) -> None:
    """Note two events for a channel: they are too old to be told of by themselves."""
    site = Site(Settings(home=home, engine="local"))
    for event in plant.events(state="open", muted=False, kind="anomaly", limit=2):
        site.deliveries.note(event, {channel: now()}, now())
    site.close()


def _channel(plant: Plant, name: str, target: object, **more: object) -> None:
    draft = ChannelDraft.model_validate({"name": name, "target": target, **more})
    plant.channels.add(draft)


def _measured(home: Path) -> None:
    """Keep a day of the machine's figures, as they would have been measured."""
    history, end, disk = History(home), now(), disk_usage(home)
    gib = 2.0**30
    for n in range(int(_DAY / _EVERY), 0, -1):
        wave = 0.5 + 0.5 * math.sin(n / 21)
        work = 1.0 if n % 24 < 5 else 0.0
        values = {
            Metric.HOST_CPU: 0.08 + 0.05 * wave + 0.6 * work,
            Metric.HOST_MEMORY: (5 + wave + 2 * work) * gib,
            Metric.HOST_DISK: disk.total - disk.free - n * 0.02 * gib,
            Metric.HOST_READ: 2e5 + 4e6 * work,
            Metric.HOST_WRITTEN: 1e5 + 2e6 * work * wave,
            Metric.WEB_CPU: 0.05 + 0.1 * wave,
            Metric.WEB_MEMORY: (0.4 + 0.1 * wave) * gib,
            Metric.WORKER_CPU: 0.02 + 1.3 * work,
            Metric.WORKER_MEMORY: (0.3 + 1.4 * work) * gib,
            Metric.JOBS_RUNNING: work,
            Metric.JOBS_QUEUED: work * (n % 3),
        }
        history.add(end - n * _EVERY, values)


# ---------------------------------------------------------------- addresses
def _addresses(
    plant: Plant, end: datetime, compared: str, jobs: dict[str, JobHandle]
) -> dict[str, str]:
    event = _most_urgent(plant)
    closed = next(iter(plant.events(state="closed", verdict="true", limit=1)))
    month = f"{(end.replace(day=1) - _DAY):%Y-%m}"
    machine = {"fleet": event.fleet, "asset": event.asset}
    pumps, version = {"fleet": "pumps"}, {"fleet": event.fleet, "version": event.model_version}
    waits = {"fleet": "pumps", "version": 2}
    told: dict[str, tuple[str, dict[str, object]]] = {
        "overview": ("", {}),
        "asset": ("asset", {**machine}),
        "asset-sisters": ("asset", {**machine, "compare": "sisters"}),
        "event": ("event", {"id": event.id}),
        "event-closed": ("event", {"id": closed.id}),
        "events-closed": ("events", {"state": "closed"}),
        "scorecard-fleet": ("scorecard", {**pumps}),
        "models-fleet": ("models", {**pumps}),
        "models-comparisons": ("models", {**pumps, "part": "comparisons"}),
        "models-recipes": ("models", {**pumps, "part": "recipes", "recipe": "gentle"}),
        "models-history": ("models", {"fleet": "fans", "part": "history"}),
        "model": ("model", {**version}),
        "model-machines": ("model", {**version, "part": "machines"}),
        "model-against": ("model", {**waits, "part": "against"}),
        "backtest": ("backtest", {**pumps, "id": compared}),
        "data": ("data", {**pumps}),
        "data-bring": ("data", {"part": "bring"}),
        "data-quality": ("data", {**pumps, "part": "quality"}),
        "data-refused": ("data", {**pumps, "part": "refused"}),
        "data-sensors": ("data", {**pumps, "part": "sensors"}),
        "calendar": ("calendar", {"fleet": "pumps", "month": month}),
        "calendar-list": ("calendar", {"part": "list"}),
        "schedules-week": ("schedules", {"part": "week"}),
        "job": ("job", {"id": jobs["retrain"].id}),
        "job-failed": ("job", {"id": jobs["lost"].id}),
        "platform-history": ("platform", {"part": "history"}),
        "platform-jobs": ("platform", {"part": "jobs"}),
        "platform-cost": ("platform", {"part": "cost"}),
        **{
            f"administration-{part}": ("administration", {"part": part})
            for part in ("projects", "tokens", "sign_in", "channels", "audit")
        },
        "administration-user": ("administration", {"part": "users", "user": "kimura"}),
    }
    found = {page.name: f"/{page.name}" for pages in PAGES.values() for page in pages}
    asked = {name: f"/{page}?{urlencode(query)}" for name, (page, query) in told.items()}
    return found | asked | {"job-running": "/job?id={running}"}
