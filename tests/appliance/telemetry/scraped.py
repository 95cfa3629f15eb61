"""A running appliance with some life, and a real Prometheus that scrapes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from appliance.access import shell
from appliance.client import Plant, connect
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.core.settings import Settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.alert import ChannelDraft
from appliance.schemas.source import SourceDraft
from appliance.telemetry import dashboards
from appliance.telemetry.scraping import scrape_config
from tests.appliance.alerts.receivers import address
from tests.appliance.api.ports import free_port
from tests.appliance.pipelines.sites import DAY, LEARNED, plant
from tests.ui.homes import PUMPS, make_fleet, open_home
from tests.ui.serving import running

_PATIENCE = 60.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Scraped:
    """What tests ask.

    Attributes
    ----------
    prometheus
        Address of its API.
    weak
        Token of somebody who may read, but does not operate the site.
    """

    home: Path
    plant: Plant
    prometheus: str
    weak: str
    settings: Settings

    @property
    def url(self) -> str:
        """Address of the appliance."""
        return f"http://127.0.0.1:{self.settings.port}"

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """Return what Prometheus answers to a question now."""
        url = f"{self.prometheus}/api/v1/query?{urlencode({'query': expr})}"
        with urlopen(url, timeout=30) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        found: list[dict[str, Any]] = told["data"]["result"]
        return found

    def until(self, expr: str) -> list[dict[str, Any]]:
        """Ask until there is an answer."""
        return until(lambda: self.ask(expr), expr)


def until(seen: Callable[[], _T], what: str = "it") -> _T:
    """Look until there is something to be seen."""
    end = time.monotonic() + _PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, f"nothing came of {what}"
        time.sleep(0.25)
    return found


@contextmanager
def scraped(folder: Path) -> Iterator[Scraped]:
    """Run all roles of a home with life in it, and a Prometheus."""
    home = folder / "home"
    token, weak = _made(home)
    ports = {
        f"KIZASHI_{role}": str(free_port())
        for role in ("PORT", "WEB_METRICS_PORT", "WORKER_METRICS_PORT", "RAY_METRICS_PORT")
    }
    environment = {**ports, "KIZASHI_ENGINE": "ray", "KIZASHI_WORKERS": "2"}
    environment["KIZASHI_RAY_IDLE_MINUTES"] = "60"  # once a job has woken it, it stays
    settings = Settings(
        home=home,
        port=int(ports["KIZASHI_PORT"]),
        web_metrics_port=int(ports["KIZASHI_WEB_METRICS_PORT"]),
        worker_metrics_port=int(ports["KIZASHI_WORKER_METRICS_PORT"]),
        ray_metrics_port=int(ports["KIZASHI_RAY_METRICS_PORT"]),
    )
    with ExitStack() as held:
        for module in ("appliance.engine.head", "appliance.web", "appliance.worker"):
            held.enter_context(running(module, home, **environment))
        prometheus = held.enter_context(_prometheus(folder, settings))
        url = f"http://127.0.0.1:{settings.port}"
        until(lambda: _answers(f"{url}/readyz"), "web")
        own = held.enter_context(connect(url, token))
        found = Scraped(home, own, prometheus, weak, settings)
        for role in ("web", "worker", "ray"):
            found.until(f'up{{role="{role}"}} == 1')
        hook = held.enter_context(address())
        _live(found, hook.url)
        yield found


def _made(home: Path) -> tuple[str, str]:
    site = open_home(home)
    me = shell("tests")
    site.access.users.add(me, "reader", None, admin=True)
    token = site.access.tokens.create(me, "reader", "tests", list(Right)).secret
    weak = site.access.tokens.create(me, "reader", "weak", [Right.READ]).secret
    make_fleet(site, "pumps", PUMPS, {"P-2": (1, 40, 80)})
    site.close()
    return token, weak


def _live(found: Scraped, hook: str) -> None:
    """Let jobs end well and badly, a source bring readings, and a channel be told."""
    own = found.plant
    folder = found.home / "import" / "hall-1"
    folder.mkdir(parents=True)
    frame = plant(DAY, first=LEARNED + DAY, seed=3, assets=PUMPS)
    frame.write_csv(folder / "day.csv")
    (folder / "odd.csv").write_text("no readings that night\n", "utf-8")
    origin = {"kind": "folder", "path": "hall-1", "pattern": "*.csv", "settled": 0}
    draft = {"name": "hall-1", "fleet": "pumps", "origin": origin}
    own.sources.add(SourceDraft.model_validate(draft))
    until(lambda: own.sources.get("hall-1").rows, "the source")
    own.channels.add(
        ChannelDraft.model_validate(
            {"name": "chat", "target": {"kind": "webhook", "url": f"{hook}/x", "form": "text"}}
        )
    )
    _tell(found.home)
    for job in (
        own.jobs.ask("ingest", "pumps", paths=["nowhere/*.csv"]),
        own.jobs.ask("score", "pumps"),
    ):
        try:
            job.wait(progress=False)
        except KizashiError:
            job.refresh()
        assert job.state.over
    until(lambda: not list(own.channels.deliveries(state="waiting")), "the delivery")


def _tell(home: Path) -> None:
    """Note an event for the channel: it is too old to be told of by itself."""
    site = Site(Settings(home=home, engine="local"))
    (event,) = site.events.list("pumps", limit=1)
    site.deliveries.note(event, {"chat": now() - timedelta(seconds=1)}, now())
    site.close()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def _prometheus(folder: Path, settings: Settings) -> Iterator[str]:
    """Run Prometheus on loopback, as the home's own configuration says, but more often."""
    dashboards.write(folder)
    path = folder / "prometheus.yml"
    text = scrape_config(settings, dashboards.RULES_FILE).replace(
        "interval: 15s", "interval: 1s"
    )
    path.write_text(text, "utf-8")
    port = free_port()
    command = shutil.which("prometheus")
    assert command is not None
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                command,
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: _answers(f"{url}/-/ready"), "Prometheus")
            yield url
        finally:
            process.terminate()
            process.wait(30)
