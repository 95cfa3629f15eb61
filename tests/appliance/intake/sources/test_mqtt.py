"""MQTT: what messages say in any form; garbage does no harm; what was acknowledged is kept."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from appliance.core.errors import SourceError
from appliance.intake.sources.mqtt import spool as spools
from appliance.intake.sources.mqtt.messages import readings as table
from appliance.intake.sources.mqtt.messages import said
from appliance.intake.sources.mqtt.spool import Spool, read
from appliance.pipelines.sources import client_of, open_source, remove_source
from appliance.schemas.source import Mqtt, SourceDraft
from appliance.tls import Authority
from tests.appliance import broker as brokers
from tests.appliance.intake.sources.conftest import ME, Plant
from tests.appliance.intake.sources.kinds import MqttKind, readings

CAME = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
NUMBER: dict[str, Any] = {"host": "b", "topic": "plant/{asset}/{sensor}"}
JSON: dict[str, Any] = {"host": "b", "topic": "plant/{asset}/#", "payload": "json"}


def what(told: dict[str, Any], topic: str, payload: bytes) -> list[tuple[str, str, float]]:
    return [one[1:] for one in said(Mqtt.model_validate(told), topic, payload, CAME)]


def test_numbers_and_objects_are_read():
    assert what(NUMBER, "plant/P-1/flow", b"7.5") == [("P-1", "flow", 7.5)]
    assert what(NUMBER, "plant/P-1/on", b"true") == [("P-1", "on", 1.0)]
    told = b'{"flow": 7, "heat": 1.5, "note": "x", "bad": NaN, "none": null, "in": {"a": 1}}'
    assert what(JSON, "plant/P-1/x/y", told) == [("P-1", "flow", 7.0), ("P-1", "heat", 1.5)]
    named = {**JSON, "topic": "plant/+/{sensor}", "asset": "unit"}
    assert what(named, "plant/x/motor", b'{"unit": "P 7", "heat": 1}') == [
        ("P 7", "motor.heat", 1.0)
    ]


@pytest.mark.parametrize(
    ("at", "known"),
    [
        (1772352000, True),
        (1772352000000, True),
        ("2026-03-01T09:00:00+01:00", True),
        ("2026-03-01T08:00:00Z", True),
        ("2026-03-01T08:00:00", False),
        ("2126-03-01T08:00:00Z", False),
        (0, False),
        (1e300, False),
        ("yesterday", False),
        (None, False),
        (True, False),
    ],
)
def test_times_that_a_message_tells(at: Any, known: bool):
    told = Mqtt.model_validate({**JSON, "time": "at"})
    found = said(told, "plant/P-1", json.dumps({"at": at, "flow": 1}).encode(), CAME)
    assert [one[0] for one in found] == (["2026-03-01T08:00:00+00:00"] if known else [])


@given(st.binary(max_size=200), st.text(max_size=50))
def test_no_message_does_harm(payload: bytes, topic: str):
    for told in (NUMBER, JSON, {**JSON, "time": "at", "asset": "unit"}):
        for one in said(Mqtt.model_validate(told), topic, payload, CAME):
            assert one[1]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00\xff\xfe",
        b"NaN",
        b"Infinity",
        b"1e999",
        b'"7"',
        b"[1]",
        b"9" * 6_000,
        b"[" * 100_000,
        b" " * (2**20 + 1),
    ],
)
def test_garbage_says_nothing(payload: bytes):
    assert what(NUMBER, "plant/P-1/flow", payload) == []
    assert what(JSON, "plant/P-1", payload) == []
    assert what(NUMBER, "other/P-1/flow", b"1") == []


def test_names_are_such_that_every_part_can_hold_them():
    wide = json.dumps({f"s{n}": n for n in range(1_001)}).encode()
    assert what(JSON, "plant/P-1", wide) == []
    odd = json.dumps({"\ud800": 1, "\x00": 1, " ": 1, "a\nb": 1, "温度": 1, "x" * 500: 1})
    assert [one[1] for one in what(JSON, "plant/P-1", odd.encode())] == [
        "ab",
        "温度",
        "x" * 400,
    ]


def test_values_of_a_step_are_one_reading():
    lines = [(CAME + timedelta(seconds=s), "P-1", "flow", s) for s in (0.1, 0.9, 1.2)]
    frame = table([(at.isoformat(), *rest) for at, *rest in lines], 1.0)
    assert frame["value"].to_list() == [0.9, 1.2]
    assert frame["time"].to_list() == [CAME, CAME + timedelta(seconds=1)]


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "plant/x{asset}/{sensor}"},
        {"topic": "plant/{machine}/{sensor}"},
        {"topic": "#/{sensor}"},
        {"topic": "plant/{asset}"},
        {"topic": "plant/{sensor}/{sensor}"},
        {"time": "at"},
        {"host": "a b"},
    ],
)
def test_what_cannot_tell_a_sensor_is_refused(change: dict[str, Any]):
    with pytest.raises(ValidationError):
        Mqtt.model_validate({**NUMBER, **change})


# ---------------------------------------------------------------- on disk
def test_what_was_cut_off_with_its_process_is_dropped_and_no_more(tmp_path):
    first = Spool(tmp_path)
    first.add([("2026-03-01T08:00:00+00:00", "P-1", "flow", 1.0)])
    first.close()
    with (tmp_path / "open.jsonl").open("a") as handle:
        handle.write('["2026-03-01T08:00:01+00:00", "P-1", "fl')
    second = Spool(tmp_path)
    second.add([("2026-03-01T08:00:02+00:00", "P-1", "flow", 2.0)])
    found = []
    while (segment := second.oldest()) is not None:
        found += [line[3] for line in read(segment)]
        segment.unlink()
    assert found == [1.0, 2.0]
    with pytest.raises(SourceError, match="cannot be used"):
        Spool(tmp_path)
    second.close()


def test_segments_end_before_they_are_too_large_for_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(spools, "_SEGMENT_BYTES", 1_000)
    spool = Spool(tmp_path)
    for n in range(100):
        spool.add([("2026-03-01T08:00:00+00:00", "P-1", "flow", float(n))])
    assert spool.count() > 3
    spool.close()


# ---------------------------------------------------------------- with a broker
@pytest.mark.slow
def test_garbage_among_messages_is_counted_and_stops_nothing(plant: Plant, mqtt: MqttKind):
    plant.add(mqtt.origin())
    with plant.open() as live:
        plant.drain(live)
        mqtt.put(readings(0, 3))
        garbage: list[str | bytes] = [
            b"\x00\xff",
            "NaN",
            "x" * 2**20,
            '{"at": 4e12, "flow": 1}',
            "",
        ]
        mqtt.broker.say([("plant/line2/P-1", one) for one in garbage])
        mqtt.put(readings(3, 3))
        plant.until(live, 12)
        plant.drain(live)
    assert plant.same(readings(0, 6))
    assert plant.told().refused == len(garbage)


@pytest.mark.slow
def test_single_numbers_are_put_together_at_the_time_they_came(plant: Plant, mqtt: MqttKind):
    topic = {"topic": "plant/{asset}/{sensor}", "payload": "number", "time": "", "step": 3600}
    plant.add({**mqtt.origin(), **topic})
    mqtt.broker.say([("plant/P-1/flow", "99")], retain=True)
    with plant.open() as live:
        plant.drain(live)
        mqtt.broker.say(
            [("plant/P-1/heat", "1"), ("plant/P-1/flow", "2"), ("plant/P-2/flow", "3")]
        )
        plant.until(live, 2)
    found = plant.readings()
    assert abs(found["time"][0].timestamp() - time.time()) < 7_300
    assert sorted(found["flow"].to_list()) == [2.0, 3.0], "a retained value has no time"


@pytest.mark.slow
def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(
    plant: Plant, mqtt: MqttKind, monkeypatch
):
    plant.add(mqtt.origin())
    with plant.open() as live:
        plant.drain(live)
        monkeypatch.setattr(spools, "MOST_BYTES", -1)
        mqtt.put(readings(0, 5))
        with pytest.raises(SourceError, match="too much waits"):
            plant.until(live, 1)
    assert plant.count() == 0
    monkeypatch.undo()
    with plant.open() as live:
        plant.until(live, 10)
    assert plant.same(readings(0, 5))


@pytest.mark.slow
def test_a_source_that_was_retired_leaves_nothing_with_the_broker(plant: Plant, mqtt: MqttKind):
    plant.add(mqtt.origin())
    live = open_source(plant.site, plant.held())
    plant.drain(live)
    live.retire()
    mqtt.put(readings(0, 5))
    with plant.open() as again:
        plant.drain(again)  # it listens
        mqtt.put(readings(5, 1))
        plant.until(again, 2)
    assert plant.same(readings(5, 1))
    assert len(list(plant.site.settings.sources_folder.iterdir())) == 1


def test_one_that_is_removed_while_it_is_paused_leaves_nothing_either(
    plant: Plant, mqtt: MqttKind
):
    plant.add(mqtt.origin())
    with plant.open() as live:
        plant.drain(live)
    source = plant.held().id
    plant.site.sources.turn("line2", ME, paused=True)
    mqtt.put(readings(0, 5))
    remove_source(plant.site, "line2", ME)
    assert not any(plant.site.settings.sources_folder.iterdir())
    client = paho.Client(CallbackAPIVersion.VERSION2, client_of(source), clean_session=False)
    there: list[bool] = []
    client.on_connect = lambda *told: there.append(told[2].session_present)
    client.connect("127.0.0.1", mqtt.broker.port)
    while not there:
        client.loop(0.1)
    client.disconnect()
    assert there == [False]


@pytest.mark.slow
def test_another_topic_replaces_the_one_before(plant: Plant, mqtt: MqttKind):
    plant.add(mqtt.origin())
    with plant.open() as live:
        plant.drain(live)
    made = plant.told()
    origin = made.origin.model_copy(update={"topic": "plant/line3/{asset}"})
    draft = {key: value for key, value in made if key in SourceDraft.model_fields}
    plant.site.sources.edit(
        "line2", SourceDraft.model_validate({**draft, "origin": origin}), "test"
    )
    with plant.open() as live:
        plant.drain(live)
        mqtt.put(readings(0, 2))
        mqtt.broker.say([("plant/line3/P-7", '{"at": "2026-03-01T08:00:00Z", "flow": 1}')])
        plant.until(live, 1)
        plant.drain(live)
    assert plant.readings()["asset"].to_list() == ["P-7"]


@pytest.mark.slow
def test_why_a_broker_gives_nothing_is_told(plant: Plant, mqtt: MqttKind):
    for change, why in (
        ({"port": 1}, "refused"),
        ({"tls": True}, ""),
        ({"host": "no.such.host.invalid"}, ""),
    ):
        plant.add({**mqtt.origin(), **change}, name="bad")
        with (
            plant.open("bad") as live,
            pytest.raises(SourceError, match=f"gives nothing: .*{why}"),
        ):
            live.pull({})
        plant.site.sources.remove("bad", "test")


@pytest.mark.slow
def test_a_broker_that_asks_for_a_name_and_proves_its_own(
    plant: Plant, tmp_path, monkeypatch, mqtt: MqttKind
):
    folder = tmp_path / "guarded"
    folder.mkdir()
    issued = Authority(tmp_path / "tls")
    key = issued.issue(["127.0.0.1"])
    names = folder / "names"
    names.touch(mode=0o600)
    passwords = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
    subprocess.run([passwords, "-b", names, "reader", "sesame"], check=True)
    port = brokers.free_port()
    more = (
        f"password_file {names}\nlistener {port} 127.0.0.1\n"
        f"certfile {issued.server_certificate}\nkeyfile {key}\n"
    )
    with brokers.serve(folder, mqtt.broker.program, more) as guarded:
        kind = MqttKind(guarded)
        origin = {**kind.origin(), "port": port, "tls": True, "user": "reader"}
        plant.add({**origin, "password": "guess"}, name="unproven")
        with plant.open("unproven") as live, pytest.raises(SourceError, match="certificate"):
            live.pull({})
        monkeypatch.setenv("SSL_CERT_FILE", str(issued.certificate))
        with (
            plant.open("unproven") as live,
            pytest.raises(SourceError, match=r"gives nothing: .*[Aa]uthori") as told,
        ):
            live.pull({})
        assert "guess" not in str(told.value)
        plant.add({**origin, "password": "sesame"})
        with plant.open() as live:
            plant.drain(live)
            kind.put(readings(0, 2))
            plant.until(live, 4)
    assert plant.same(readings(0, 2))
