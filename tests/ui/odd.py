"""A home in which nothing is called what anybody expects, and every text tries to do harm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from appliance.access import shell
from appliance.client import Plant
from appliance.core.errors import SourceError
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.sources import fail
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.alert import ChannelDraft
from appliance.schemas.calendar import WindowDraft
from appliance.schemas.job import JobRequest
from appliance.schemas.recipe import Cleaning, Limits, Recipe
from appliance.schemas.schedule import ScheduleDraft
from appliance.schemas.source import SourceDraft
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.people import PASSWORD
from tests.appliance.pipelines.sites import DAY, LEARNED, plant
from tests.ui.homes import add_users, bring, open_home
from ui.views import PAGES

HURT = '<img src=x onerror="window.__x=1">'
SCRIPT = "<script>window.__x=2</script>"
MARKED = "**b** [a](javascript:window.__x=3) :red[c] $d$ `e`"
LONG = "軸受の振動加速度" * 25
"""Two hundred characters, as long as a name may be."""
PLAIN = "A" * 200
ASSETS = (HURT, SCRIPT, LONG, PLAIN)
COLUMNS = dict(zip(SENSORS, (HURT, SCRIPT, MARKED, LONG, PLAIN), strict=True))
USER = "a.long-name+" + "x" * 88
FLEET = "odd"
NAME = "odd-" + "n" * 59
"""As long as the name of a channel, schedule or source may be."""


def make_odd_home(home: Path) -> None:
    """Make a home with a fleet of odd names that was learned and has an event."""
    site = open_home(home)
    add_users(site)
    usual = plant(LEARNED, assets=ASSETS).rename(COLUMNS)
    bring(site, FLEET, usual, "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    faults = {HURT: (0, 40, 80), LONG: (3, 40, 80)}
    day = plant(DAY, first=LEARNED, seed=2, assets=ASSETS, faults=faults)
    bring(site, FLEET, day.rename(COLUMNS), "next-day")
    score(site, FLEET)
    fail_odd(site)
    site.close()


def fail_odd(site: Site) -> None:
    """Let a source fail whose words are odd."""
    draft = SourceDraft(name=NAME, fleet=FLEET, origin={"kind": "folder", "path": HURT})
    site.sources.add(draft, shell("test"))
    (source,) = site.sources.holding.hold(NAME)
    held = site.sources.holding.open(source, NAME)
    assert held is not None
    fail(site, held, SourceError(f"there is no {HURT}{PLAIN}.", remedy=f"{SCRIPT}{MARKED}"))


def say_odd(root: Plant) -> dict[str, str]:
    """Say odd things wherever people may; return the address of each page that shows them."""
    for name in COLUMNS.values():
        root.fleet(FLEET).edit_sensor(name, unit=HURT, label=f"{SCRIPT}{MARKED}")
    event = next(one for one in root.events(fleet=FLEET) if one.asset == HURT)
    for text in (HURT, SCRIPT, MARKED, PLAIN):
        root.event(event.id).comment(text)
    asked = {"fleet": FLEET, "start": event.start, "end": event.start + timedelta(days=2)}
    for title in (HURT, SCRIPT, MARKED, LONG):
        root.calendar.add(WindowDraft(**asked, asset=HURT, title=title))
    limits = {name: Limits(lower=-1e6) for name in COLUMNS.values()}
    root.recipes.put("odd", Recipe(name=HURT, cleaning=Cleaning(limits=limits)))
    root.users.add(USER, PASSWORD)
    root.users.grant(USER, "default", "engineer")
    for label in (HURT[:100], PLAIN[:100]):
        root.tokens.create(label, ["read"])
    lead_odd(root)
    version, machine = {"fleet": FLEET, "version": 1}, {"fleet": FLEET, "asset": HURT}
    found = {
        "overview": "/",
        "asset": f"/asset?{urlencode(machine)}",
        "event": f"/event?id={event.id}",
        "model": f"/model?{urlencode(version)}",
        "machines": f"/model?{urlencode(version | {'part': 'machines'})}",
        "calendar": f"/calendar?fleet={FLEET}&month={event.start:%Y-%m}",
        "windows": f"/calendar?fleet={FLEET}&part=list",
        "recipes": f"/models?fleet={FLEET}&part=recipes&recipe=odd",
        "sensors": f"/data?fleet={FLEET}&part=sensors",
        "users": f"/administration?part=users&user={quote(USER)}",
        "tokens": "/administration?part=tokens",
        "audit": "/administration?part=audit",
        "channels": "/administration?part=channels",
        "sources": f"/data?part=sources&fleet={FLEET}",
        "week": "/schedules?part=week",
    }
    names = [page.name for section in PAGES.values() for page in section]
    return {name: f"/{name}?fleet={FLEET}" for name in names} | found


def lead_odd(root: Plant) -> None:
    """Make channels, a schedule and sources that say odd things and lead to odd places."""
    people = [f"{'軸' * 64}@{'受' * 190}", "'$d$`e`&@plant.example"]
    targets = {
        "odd-mail": {"kind": "email", "host": "h" * 250, "sender": people[0], "to": people},
        NAME: {"kind": "webhook", "url": f"https://<b>{SCRIPT.replace('/', '')}{'A' * 1_900}"},
    }
    for name, target in targets.items():
        root.channels.add(ChannelDraft(name=name, target=target, fleets=[FLEET]))
    request = JobRequest(pipeline="score", fleet=FLEET)
    root.schedules.put(ScheduleDraft(name=NAME, cron="*/59 3 1,2,3 * 1-5", request=request))
    database = {"kind": "sql", "host": "h" * 250, "database": PLAIN, "query": f"{HURT}{LONG}"}
    broker = {"kind": "mqtt", "host": "b" * 250, "topic": f"{HURT}/{LONG}/{{sensor}}"}
    for name, origin in {"odd-sql": database, "odd-mqtt": broker}.items():
        root.sources.add(SourceDraft(name=name, fleet=FLEET, origin=origin))
