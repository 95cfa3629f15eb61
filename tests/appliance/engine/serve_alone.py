"""State on Ray Serve, each key's in one replica; run by `test_serve`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import psutil
import pytest

from appliance.core.errors import Conflict, EngineError, KizashiError, TryAgain
from appliance.core.settings import Settings
from appliance.engine import serve
from appliance.pipelines.adjust import adjust
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.online_served import ServedFleets, fleets_online
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.online import OnlineAnswer, OnlineRequest
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.people import ME
from tests.appliance.pipelines.sites import FLEET, bring, open_site, plant

Asked = tuple[str, int]
Told = tuple[int, int]
JUDGED, DYING, SWAPPED = (
    ("A-1", "A-2"),
    ("B-1", "B-2", "B-3", "B-4"),
    ("C-1", "C-2", "C-3", "C-4"),
)
"""Machines of each test; all are one site's, which has one replica."""


def counting() -> serve.Work[Asked, Told]:
    """Return what counts, in a replica, how often each key came."""
    seen: Counter[str] = Counter()

    def count(asked: Asked) -> Told | KizashiError:
        key, number = asked
        if number < 0:
            return Conflict(f"{key} is not counted.", remedy="Ask for another.")
        seen[key] += 1
        return os.getpid(), seen[key]

    return lambda items: [count(one) for one in items]


def slowly() -> serve.Work[Asked, Told]:
    """Return what takes no more than 20 in a second, and tells how many came together."""

    def work(items: Sequence[Asked]) -> list[Told | KizashiError]:
        time.sleep(0.05 * len(items))
        return [(os.getpid(), len(items)) for _ in items]

    return work


@pytest.fixture(scope="module")
def replicas() -> Iterator[serve.Replicas[Asked, Told]]:
    # Each of the tests has replicas of its own, with a processor each.
    made = serve.Replicas(Settings(workers=6), "counting", counting, most=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = open_site(tmp_path_factory.mktemp("site") / "home")
    bring(made, plant(200, assets=(*JUDGED, *DYING, *SWAPPED)), "training")
    train(made, FLEET, TrainOptions(recipe="mahalanobis"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(replicas: serve.Replicas[Asked, Told], site: Site) -> ServedFleets:
    return ServedFleets(site)


def test_a_key_is_counted_in_one_place_and_errors_come_back(
    replicas: serve.Replicas[Asked, Told],
) -> None:
    keys = [f"key-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        rounds = [
            *pool.map(lambda n: replicas.ask([(key, (key, n)) for key in keys]), range(8))
        ]
    for place in range(len(keys)):
        assert sorted(told[place][1] for told in rounds) == list(range(1, 9))
        assert len({told[place][0] for told in rounds}) == 1
    assert rounds[0][0][0] != os.getpid()
    with pytest.raises(Conflict, match="key-3 is not counted") as refused:
        replicas.ask([("key-2", ("key-2", 0)), ("key-3", ("key-3", -1))])
    assert refused.value.remedy == "Ask for another."
    # Who asks by the same name finds the state that is there.
    again = serve.Replicas(Settings(workers=2), "counting", counting, most=2)
    ((_, count),) = again.ask([("key-0", ("key-0", 0))])
    again.close()
    assert count == 9


def test_another_replica_comes_with_load_and_leaves_after_it(
    replicas: serve.Replicas[Asked, Told],
) -> None:
    pace = serve.Pace(more=1.0, fewer=2.0, over=3.0)
    made = serve.Replicas(Settings(workers=2), "slow", slowly, most=2, pace=pace)
    places: set[int] = set()
    together: set[int] = set()
    end = time.monotonic() + 120

    def ask(key: str) -> None:
        while len(places) < 2 and time.monotonic() < end:
            ((place, count),) = made.ask([(key, (key, 0))])
            places.add(place)
            together.add(count)

    with ThreadPoolExecutor(48) as pool:
        list(pool.map(ask, [f"key-{number}" for number in range(48)]))
    # One call at a time to a replica, and yet many readings: it is they that are counted.
    assert len(places) == 2
    assert max(together) > 16
    # And leaves when nothing waits any more: all keys are again in one place, which answers.
    keys = [(f"key-{number}", (f"key-{number}", 0)) for number in range(4)]
    while len(places) > 1 and time.monotonic() < end + 60:
        time.sleep(0.5)
        places = {place for place, _ in made.ask(keys)}
    assert len(places) == 1
    # What is given up ends there, and others are answered after it.
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(made.asked([("key-0", ("key-0", 0))] * 20), 0.2))
    assert len(made.ask(keys)) == len(keys)
    made.close()


def test_readings_are_judged_there_as_here(site: Site, served: ServedFleets) -> None:
    assert isinstance(fleets_online(site), OnlineFleets)
    there, here = served, OnlineFleets(site)
    assert there.awaited(FLEET, requests_of(JUDGED[0], JUDGED, 1)[0]) is None  # none are there
    new = plant(12, first=200, seed=5, assets=JUDGED).sort("time")
    readings = [
        {
            "asset": row["asset"],
            "time": row["time"],
            "values": {"s1": row["s1"], "s2": row["s2"]},
        }
        for row in new.iter_rows(named=True)
    ]
    asked = [
        OnlineRequest.model_validate({"readings": readings[first : first + 8]})
        for first in range(0, len(readings), 8)
    ]
    assert there.answer_at_once(FLEET, asked[0]) is None
    for one in asked:
        assert there.answer(FLEET, one) == here.answer(FLEET, one)
    with pytest.raises(Conflict, match="not later"):
        there.answer(FLEET, asked[0])


def test_a_replica_dies_under_load_and_no_answer_is_wrong(
    site: Site, served: ServedFleets
) -> None:
    names, rows, begun = DYING, 60, threading.Barrier(len(DYING) + 1)
    asked = {asset: requests_of(asset, names, rows) for asset in names}
    for own in asked.values():
        served.answer(FLEET, own[0])
    process = replica_of(site.settings.name)

    def line(asset: str) -> list[OnlineAnswer]:
        found = []
        for number, one in enumerate(asked[asset][1:]):
            if number == 10:
                begun.wait(60)
            found.append(persistently(served, one))
        return found

    with ThreadPoolExecutor(len(names)) as pool:
        lines = [pool.submit(line, asset) for asset in names]
        begun.wait(60)
        process.kill()
        found = {asset: own.result() for asset, own in zip(names, lines, strict=True)}
    assert not process.is_running()
    for asset in names:
        # What is told is what one process would tell, or one that began anew in between.
        whole, anew = OnlineFleets(site), False
        expected = [whole.answer(FLEET, one) for one in asked[asset]][1:]
        for number, answer in enumerate(found[asset]):
            if answer != expected[number] and not anew:
                anew, later = True, OnlineFleets(site)
                rest = asked[asset][1 + number :]
                expected[number:] = [later.answer(FLEET, one) for one in rest]
            assert answer == expected[number], (asset, number)


def test_champions_change_under_load_and_no_request_is_dropped(
    site: Site, served: ServedFleets
) -> None:
    adjust(site, FLEET, budget=2.0)
    new = plant(4_000, first=200, seed=5, assets=SWAPPED).sort("time")
    over = threading.Event()

    def line(asset: str) -> list[tuple[int, str]]:
        own, told = new.filter(pl.col("asset") == asset), []
        for row in own.iter_rows(named=True):
            if over.is_set():
                break
            values = {name: row[name] for name in SENSORS}
            one = {"asset": asset, "time": row["time"], "values": values}
            answer = served.answer(FLEET, OnlineRequest.model_validate({"readings": [one]}))
            told.append((answer.version, answer.scores[0].state))
        return told

    with ThreadPoolExecutor(len(SWAPPED)) as pool:
        lines = [pool.submit(line, asset) for asset in SWAPPED]
        for version in (1, 2, 1):
            site.registry.promote(FLEET, version, ME, show=False)
            time.sleep(1.2)  # replicas look once a second
        over.set()
        found = [told for own in lines for told in own.result()]
    # In order and with what came before, whichever judged.
    assert {state for _, state in found} == {"final"}
    assert {version for version, _ in found} == {1, 2}


def requests_of(asset: str, names: Sequence[str], rows: int) -> list[OnlineRequest]:
    """Return requests of one reading each, as an asset's readings come."""
    new = plant(rows, first=200, seed=5, assets=tuple(names)).sort("time")
    made = []
    for row in new.filter(pl.col("asset") == asset).iter_rows(named=True):
        values = {name: row[name] for name in SENSORS}
        one = {"asset": asset, "time": row["time"], "values": values}
        made.append(OnlineRequest.model_validate({"readings": [one]}))
    return made


def replica_of(name: str) -> psutil.Process:
    """Return the process of a site's only replica, which has nothing to do now."""
    title, end = f"ray::ServeReplica:kizashi-online-{name}-", time.monotonic() + 30
    while time.monotonic() < end:
        for process in psutil.process_iter(["cmdline"]):
            if " ".join(process.info["cmdline"] or ()).startswith(title):
                return process
        time.sleep(0.1)
    raise AssertionError(f"no process has the title {title}…")


def persistently(served: ServedFleets, asked: OnlineRequest) -> OnlineAnswer:
    """Ask until there is an answer: while a replica is lost there is an error in its place."""
    end = time.monotonic() + 120
    while True:
        try:
            return served.answer(FLEET, asked)
        except (TryAgain, EngineError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
