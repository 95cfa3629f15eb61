"""A worker that listens to a broker is killed again and again: what came is there, once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from appliance.access import shell
from appliance.pipelines.site import Site
from appliance.schemas.source import SourceDraft
from tests.appliance import broker as brokers
from tests.appliance.broker import Broker
from tests.chaos.processes import commits, killed_when, start
from tests.conftest import skip_or_fail

pytestmark = pytest.mark.slow

FLEET = "pumps"
WORKER = ("-m", "appliance.worker", "--name", "w")
START = datetime(2026, 3, 1, tzinfo=UTC)
_BETWEEN = 0.002
_POLLS = 3_000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    program = brokers.program()
    if program is None:
        skip_or_fail("Mosquitto is not installed (package mosquitto)")
    folder = tmp_path / "broker"
    folder.mkdir()
    with brokers.serve(folder, program) as made:
        yield made


class Publisher(threading.Thread):
    """Says something every few milliseconds, until it is to end."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.said = 0
        self._broker = broker

    def run(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self._broker.port)
        client.loop_start()
        while not self.over.wait(_BETWEEN):
            at = (START + timedelta(seconds=self.said)).isoformat()
            told = json.dumps({"at": at, "number": self.said})
            client.publish("plant/P-1", told, qos=1).wait_for_publish(20)
            self.said += 1
        client.disconnect()
        client.loop_stop()


def until(seen: Callable[[], bool]) -> None:
    for _ in range(_POLLS):
        if seen():
            return
        time.sleep(0.02)
    raise AssertionError("it was never seen")


def anything(folder: Path, name: str) -> bool:
    return any(folder.glob(f"*/{name}"))


def more_commits(home: Path, before: int) -> bool:
    return commits(home, "readings") > before


def test_messages_that_were_acknowledged_are_in_the_lake_once(opened, tmp_path, broker):
    site: Site = opened(tmp_path / "home")
    home = site.settings.home
    origin = {
        "kind": "mqtt",
        "host": "127.0.0.1",
        "port": broker.port,
        "topic": "plant/{asset}",
        "payload": "json",
        "time": "at",
    }
    told = {"name": "line2", "fleet": FLEET, "origin": origin, "every": 1, "judge": False}
    site.sources.add(SourceDraft.model_validate(told), shell("test"))
    folder = home / "sources"
    # From now on the broker keeps what is said while nobody listens.
    assert killed_when(start(home, *WORKER), lambda: any(folder.glob("*/topic")))
    publisher = Publisher(broker)
    publisher.start()
    for _ in range(2):
        for name in ("open.jsonl", "sealed-*.jsonl", "readings.parquet"):
            assert killed_when(start(home, *WORKER), partial(anything, folder, name))
        before = commits(home, "readings")
        assert killed_when(start(home, *WORKER), partial(more_commits, home, before))
    publisher.over.set()
    publisher.join(60)
    worker = start(home, *WORKER)
    lake = site.lake.readings(FLEET)
    until(lambda: lake.exists() and lake.row_count() >= publisher.said)
    worker.terminate()
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    assert lake.read()["number"].to_list() == [float(n) for n in range(publisher.said)]
    assert site.sources.get("line2").refused == 0
