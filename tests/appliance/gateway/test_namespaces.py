"""Three real appliances in networks of their own, behind a gateway that none lets in."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.client import connect
from appliance.client.verbs import at_once
from appliance.core.errors import KizashiError, Queued, Unreachable
from appliance.core.settings import Settings
from appliance.gateway.gateway import Gateway
from appliance.gateway.membership import join_store
from appliance.gateway.routes import invitation
from appliance.pipelines.site import Site
from appliance.schemas.access import Right, Role
from appliance.tls import Authority, listening
from tests.appliance.databases import fresh_home
from tests.appliance.gateway.namespaces import Networks, why_not
from tests.appliance.people import ME
from tests.conftest import skip_or_fail

SITES = ("oslo", "lima", "kyoto")
_SECONDS = 0.08
_PATIENCE = 200.0
_PORT = 8443


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[Networks]:
    reason = why_not()
    if reason:
        skip_or_fail(reason)
    made = Networks(tmp_path, SITES)
    try:
        made.make()
        yield made
    finally:
        made.close()


@pytest.fixture
def plant(tmp_path: Path, networks: Networks, learned_home: Path) -> Iterator[Any]:
    """Start a gateway and three sites; return what asks the gateway."""
    home = fresh_home(tmp_path / "gateway")
    (home / "kizashi.toml").write_text(
        f'name = "hq"\nhost = "0.0.0.0"\nport = {_PORT}\nweb_metrics_port = 0\ngateway = true\n'
    )
    site = Site(Settings(home=home))
    networks.within("gateway", lambda: listening(site.settings))  # its certificate, for there
    gateway = Gateway(site)
    _serve(networks, "gateway", home)
    for number, name in enumerate(SITES, 1):
        own = tmp_path / name
        shutil.copytree(learned_home, own)
        (own / "kizashi.toml").write_text(
            f'engine = "local"\nhost = "0.0.0.0"\nport = {_PORT}\nweb_metrics_port = 0\n'
        )
        url = networks.relay(number, _PORT, _SECONDS)
        member = Site(Settings(home=own))
        made = invitation(gateway, gateway.sites.invite(ME, name), name)
        join_store(member).join(ME, url, made, Role.ADMIN, operators=True)
        member.close()
        _serve(networks, name, own)
    site.access.users.add(ME, "root", None, admin=True)
    rights = [Right.READ, Right.ANNOTATE]
    token = site.access.tokens.create(ME, "root", "test", rights).secret
    authority = Authority(home / "secrets").certificate
    site.close()
    asked = connect(f"https://10.77.1.1:{_PORT}", token, ca=authority, timeout=60, patience=0)

    def ask(work: Callable[[Any], Any]) -> Any:
        return networks.within("gateway", lambda: work(asked))

    yield ask
    asked.close()


def _serve(networks: Networks, name: str, home: Path) -> None:
    networks.start(name, sys.executable, "-m", "appliance.web", "--home", str(home))


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            if true():
                return
        except (Unreachable, KizashiError):
            pass
        time.sleep(0.3)
    raise AssertionError("it never came about")


def _states(ask: Callable[..., Any]) -> dict[str, str]:
    return ask(lambda plant: {one.name: one.state for one in plant.sites()})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_sites_are_one_though_none_can_be_called_and_one_is_cut_off(
    networks: Networks, plant: Callable[..., Any]
) -> None:
    _until(lambda: set(_states(plant).values()) == {"here"})

    # Only calls outwards: nobody gets in, not even the gateway.
    with pytest.raises(ConnectionRefusedError):
        networks.within(
            "gateway", lambda: socket.create_connection(("10.77.2.2", _PORT), timeout=10)
        )
    events = plant(lambda it: list(it.events()))
    assert {one.id.partition("@")[2] for one in events} == set(SITES)
    assert len({one.id for one in events}) == len(events)
    trips = plant(lambda it: [one.round_trip_seconds for one in it.sites()])
    assert all(one is not None and one >= 2 * _SECONDS for one in trips)

    networks.cut(2)
    event = next(one.id for one in events if one.id.endswith("@lima"))
    with pytest.raises(Queued) as queued:
        plant(lambda it: it.event(event).comment("seen from far away"))
    _until(lambda: _states(plant)["lima"] == "away")
    left = plant(lambda it: list(it.events()))
    assert {one.id.partition("@")[2] for one in left} == {"oslo", "kyoto"}
    told = plant(lambda it: at_once(it._line.get("/overview")))
    assert [one["site"] for one in told["away"]] == ["lima"]

    networks.mend(2)
    entry = queued.value.entry
    _until(lambda: plant(lambda it: it.gateway.waiting(entry)).state == "done")
    assert plant(lambda it: it.gateway.waiting(entry)).status == 201
    said = plant(lambda it: list(it.event(event).comments()))
    assert [(one.text, one.by) for one in said] == [("seen from far away", "root")]
    assert _states(plant) == dict.fromkeys(SITES, "here")
