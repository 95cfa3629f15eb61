"""A gateway and its sites in one process: the real protocol over pipes, without a network."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx2

from appliance.api.app import create_app
from appliance.core.settings import Settings
from appliance.gateway.app import GatewayApp
from appliance.gateway.membership import Membership, join_store
from appliance.gateway.pipes import pair
from appliance.gateway.routes import invitation
from appliance.pipelines.site import Site
from appliance.schemas.access import Role
from tests.appliance.databases import new_database
from tests.appliance.people import ME, PASSWORD, add_people, cheap_access

PREFIX = "/api/v1"


class Member:
    """One site of the gateway, that can be cut off and joined again."""

    def __init__(self, world: World, name: str, site: Site) -> None:
        self.world = world
        self.name = name
        self.site = site
        self.app = create_app(site)
        self.membership = Membership(site, self.app)
        self.ends: list[Any] = []
        self.tasks: list[Any] = []

    def join(self, *, most: Role = Role.ADMIN, operators: bool = True) -> None:
        """Join the gateway by an invitation."""
        gateway = self.world.app.gateway
        made = invitation(gateway, gateway.sites.invite(ME, self.name), self.name)
        join_store(self.site).join(ME, "https://gateway", made, most, operators=operators)

    def connect(self) -> None:
        """Hold a line, until `cut`."""
        self.world.run(self._connected())

    async def _connected(self) -> None:
        bond = join_store(self.site).bond()
        assert bond is not None
        mine, theirs = pair()
        named, pinned = self.world.app.gateway.sites.of_token(bond.token)
        assert named == self.name
        self.ends = [mine, theirs]
        self.tasks = [
            asyncio.ensure_future(self.world.app.reception.hold(self.name, pinned, theirs)),
            asyncio.ensure_future(_ended(self.membership.serve(bond, mine))),
        ]
        async with asyncio.timeout(30):
            while self.name not in self.world.app.gateway.hub.here():
                if all(task.done() for task in self.tasks):
                    return
                await asyncio.sleep(0.005)

    def cut(self) -> None:
        """Cut the line."""

        async def cutting() -> None:
            for end in self.ends:
                await end.close()
            await asyncio.gather(*self.tasks, return_exceptions=True)

        self.world.run(cutting())
        assert self.name not in self.world.app.gateway.hub.here()


async def _ended(doing: Any) -> None:
    from appliance.core.errors import KizashiError

    try:
        await doing
    except KizashiError:
        return


class World:
    """A gateway, its sites, and who asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        home = folder / "gateway"
        home.mkdir(parents=True)
        new_database(home / "kizashi.db")
        self.site = Site(Settings(home=home, engine="local", name="hq"))
        self.site.access = cheap_access(self.site)
        add_people(self.site.access)
        self.app = GatewayApp(self.site)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url="https://gateway"
        )
        self.members: dict[str, Member] = {}
        self._headers: dict[str, dict[str, str]] = {}

    def run(self, doing: Any) -> Any:
        """Do something in the gateway's loop; return what comes of it."""
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(120)

    def add(self, name: str, home: Path | None = None, **terms: Any) -> Member:
        """Add a site, joined and here; of a home, which is copied."""
        own = self.folder / name
        if home is None:
            own.mkdir()
            new_database(own / "kizashi.db")
        else:
            shutil.copytree(home, own)
        site = Site(Settings(home=own, engine="local", name=f"Plant {name}"))
        site.access = cheap_access(site)
        made = self.members[name] = Member(self, name, site)
        made.join(**terms)
        made.connect()
        return made

    def as_(self, name: str) -> dict[str, str]:
        """Return what somebody sends who is logged in at the gateway."""
        if name not in self._headers:
            secret = self.site.access.login(name, PASSWORD, "test").secret
            csrf = self.site.access.csrf_token(secret)
            told = {"Cookie": f"kizashi_session={secret}", "X-CSRF-Token": csrf}
            self._headers[name] = told
        return self._headers[name]

    def ask(self, method: str, path: str, name: str = "root", **options: Any) -> Any:
        """Ask the gateway as somebody."""
        headers = {**self.as_(name), **options.pop("headers", {})}
        return self.run(self.client.request(method, PREFIX + path, headers=headers, **options))

    def get(self, path: str, name: str = "root", **options: Any) -> Any:
        """Return the JSON of an answer that is right."""
        found = self.ask("GET", path, name, **options)
        assert found.status_code == 200, found.text
        return found.json()

    def close(self) -> None:
        """End all of it."""
        for one in self.members.values():
            if one.name in self.app.gateway.hub.here():
                one.cut()
        self.run(self.client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        for site in (self.site, *(one.site for one in self.members.values())):
            site.close()
