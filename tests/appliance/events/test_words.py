"""One plain sentence for an event, in English and Japanese."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.events.words import sentence
from appliance.schemas.event import SensorShare
from tests.appliance.events.drafts import START, draft, fault

TOKYO = ZoneInfo("Asia/Tokyo")
SHARES = (
    SensorShare(name="flow", share=0.6, direction=1),
    SensorShare(name="pressure", share=0.3, direction=-1),
    SensorShare(name="heat", share=0.07),
    SensorShare(name="speed", share=0.03),
)


def test_an_event_that_ended():
    event = draft(60, 260, 5.25, sensors=SHARES)
    assert sentence(event, "en", TOKYO) == (
        "P-1 ran unusually from 1 Mar 2026, 10:00 to 13:20 (3 h 20 min), mainly because of "
        "flow (60%, above normal) and pressure (30%, below normal). In normal running, only "
        "one reading in 200,000 is as unusual as its peak."
    )
    assert sentence(event, "ja", TOKYO) == (
        "P-1 は 2026年3月1日 10:00 から 13:20 まで（3 時間 20 分）通常と異なる状態でした。"
        "主な要因は flow（60%、通常より高い）、pressure（30%、通常より低い）です。"
        "ピーク時ほどの値は、正常運転では 20 万件に 1 件しか現れません。"
    )


def test_an_event_that_goes_on():
    event = draft(0, 3000, 30.0, sensors=(), ongoing=True)
    assert sentence(event, "en", TOKYO) == (
        "P-1 has been running unusually since 1 Mar 2026, 09:00 (2 d 2 h so far). In normal "
        "running, not one reading in a billion is as unusual as its peak."
    )
    assert "継続中" in sentence(event, "ja", TOKYO)


@pytest.mark.parametrize(
    ("peak", "english", "japanese"),
    [
        (0.0, "in 1 is", "1 件に"),
        (3.3, "in 2,000 is", "2,000 件に"),
        (4.0, "in 10,000 is", "1 万件に"),
        (6.8, "in 6 million is", "600 万件に"),
        (8.3, "in 200 million is", "2 億件に"),
    ],
)
def test_how_rare_a_peak_is_in_numbers_as_they_are_said(peak, english, japanese):
    event = draft(0, 60, peak)
    assert f"one reading {english} as unusual" in sentence(event, "en", TOKYO)
    assert f"正常運転では {japanese} 1 件" in sentence(event, "ja", TOKYO)


@pytest.mark.parametrize(
    ("note", "ongoing", "english"),
    [
        ("missing", False, "gave no value from"),
        ("missing", True, "has given no value since"),
        ("frozen", False, "was frozen at one value from"),
        ("frozen", True, "has been frozen at one value since"),
        ("out of limits", False, "read values out of its limits from"),
        ("drivers", False, "could not be trusted from"),
    ],
)
def test_sensor_faults(note, ongoing, english):
    event = fault(0, 90, note=note).model_copy(update={"ongoing": ongoing})
    text = sentence(event, "en", TOKYO)
    assert text.startswith(f"Sensor flow of P-1 {english} 1 Mar 2026, 09:00")
    assert "1 h 30 min" in text
    assert sentence(event, "ja", TOKYO).startswith("P-1 のセンサー flow は")


def test_a_moment_is_told_to_the_second_and_another_day_with_its_date():
    assert "from 1 Mar 2026, 09:00:00 to 09:00:00 (0 s)" in sentence(draft(0, 0), "en", TOKYO)
    assert "to 2 Mar 2026, 09:30 (1 d 30 min)" in sentence(draft(0, 1470), "en", TOKYO)


def test_cycles_are_told_as_cycles():
    origin = START.replace(year=2000, month=1, day=1)
    event = draft(0, 1).model_copy(
        update={"start": origin + timedelta(hours=200), "end": origin + timedelta(hours=260)}
    )
    text = sentence(event, "en", TOKYO, time_kind="cycle")
    assert "from cycle 200 to cycle 260 (61 cycles)" in text


def test_names_with_braces_are_told_as_they_are():
    event = draft(0, 5, asset="{x}", sensors=(SensorShare(name="{0}", share=1.0),))
    for language in ("en", "ja"):
        text = sentence(event, language, TOKYO)
        assert "{x}" in text
        assert "{0}" in text
