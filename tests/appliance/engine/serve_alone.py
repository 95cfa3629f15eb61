"""State on Ray Serve, each key's in one replica; run by `test_serve`."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import psutil
import pytest

from appliance.core.errors import Conflict, EngineError, KizashiError, TryAgain
from appliance.core.settings import Settings
from appliance.engine import serve
from appliance.pipelines.adjust import adjust
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.online_served import ServedFleets, fleets_online
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.online import OnlineAnswer, OnlineRequest
from tests.appliance.fleet.plants import SENSORS
from tests.appliance.people import ME
from tests.appliance.pipelines.sites import FLEET, bring, open_site, plant

Asked = tuple[str, int]
Told = tuple[int, int]


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
    """Return what counts no more than 20 of what it is asked in a second."""
    count = counting()

    def work(items: Sequence[Asked]) -> list[Told | KizashiError]:
        time.sleep(0.05 * len(items))
        return count(items)

    return work


@pytest.fixture(scope="module")
def replicas() -> Iterator[serve.Replicas[Asked, Told]]:
    # Each of the tests has replicas of its own, with a processor each.
    made = serve.Replicas(Settings(workers=7), "counting", counting, most=2)
    yield made
    made.close()


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
    pace = serve.Pace(more=1.0, fewer=2.0, over=12.0)
    made = serve.Replicas(Settings(workers=2), "slow", slowly, most=2, pace=pace)
    places: set[int] = set()
    end = time.monotonic() + 120

    def ask(key: str) -> None:
        while len(places) < 2 and time.monotonic() < end:
            ((place, _),) = made.ask([(key, (key, 0))])
            places.add(place)

    with ThreadPoolExecutor(48) as pool:
        list(pool.map(ask, [f"key-{number}" for number in range(48)]))
    assert len(places) == 2
    # And leaves when nothing waits any more: all keys are again in one place, which answers.
    keys = [(f"key-{number}", (f"key-{number}", 0)) for number in range(4)]
    while len(places) > 1 and time.monotonic() < end + 60:
        time.sleep(0.5)
        places = {place for place, _ in made.ask(keys)}
    counts = [count for _, count in made.ask(keys)]
    assert [count for _, count in made.ask(keys)] == [count + 1 for count in counts]
    made.close()
    assert len(places) == 1


def test_readings_are_judged_there_as_here(
    replicas: serve.Replicas[Asked, Told],
    tmp_path: Path,
) -> None:
    site = open_site(tmp_path / "home")
    bring(site, plant(200, assets=("P-1", "P-2")), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    assert isinstance(fleets_online(site), OnlineFleets)
    there, here = ServedFleets(site), OnlineFleets(site)
    new = plant(12, first=200, seed=5, assets=("P-1", "P-2")).sort("time")
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
    site.close()


def test_champions_change_under_load_and_no_request_is_dropped(
    replicas: serve.Replicas[Asked, Told],
    tmp_path: Path,
) -> None:
    site = open_site(tmp_path / "home", name="swapping")
    names = tuple(f"P-{number}" for number in range(1, 9))
    bring(site, plant(200, assets=names), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    adjust(site, FLEET, budget=2.0)
    served, rows, over = ServedFleets(site), 120, threading.Event()
    new = plant(rows, first=200, seed=5, assets=names).sort("time")

    def line(asset: str) -> list[tuple[int, str]]:
        own, told = new.filter(pl.col("asset") == asset), []
        for row in own.iter_rows(named=True):
            values = {name: row[name] for name in SENSORS}
            one = {"asset": asset, "time": row["time"], "values": values}
            answer = served.answer(FLEET, OnlineRequest.model_validate({"readings": [one]}))
            told.append((answer.version, answer.scores[0].state))
        return told

    def swap() -> int:
        swaps = 0
        while not over.wait(1.2):  # replicas look once a second
            swaps += 1
            site.registry.promote(FLEET, 1 + swaps % 2, ME, show=False)
        return swaps

    with ThreadPoolExecutor(9) as pool:
        swaps = pool.submit(swap)
        found = [*pool.map(line, names)]
        over.set()
    assert [len(told) for told in found] == [rows] * len(names)
    # In order and with what came before, whichever judged.
    assert {state for told in found for _, state in told} == {"final"}
    assert swaps.result() >= 1
    assert {version for told in found for version, _ in told} <= {1, 2}
    site.close()


def test_a_replica_dies_under_load_and_no_answer_is_wrong(
    replicas: serve.Replicas[Asked, Told],
    tmp_path: Path,
) -> None:
    site = open_site(tmp_path / "home", name="dying")
    names = tuple(f"P-{number}" for number in range(1, 5))
    bring(site, plant(200, assets=names), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    served, rows, begun = ServedFleets(site), 60, threading.Barrier(len(names) + 1)
    asked = {asset: requests_of(asset, names, rows) for asset in names}
    for own in asked.values():
        served.answer(FLEET, own[0])
    process = replica_of("dying")

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
    site.close()


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
