"""A home in which nothing is called what anybody expects, and every text tries to do harm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from appliance.client import Plant
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft
from appliance.schemas.recipe import Cleaning, Limits, Recipe
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.pipelines.sites import DAY, LEARNED, plant
from tests.ui.homes import PASSWORD, add_users, bring, open_home
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
    site.close()


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
    }
    names = [page.name for section in PAGES.values() for page in section]
    return {name: f"/{name}?fleet={FLEET}" for name in names} | found
