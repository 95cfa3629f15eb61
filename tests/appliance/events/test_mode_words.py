"""An operating mode in words, in English and Japanese, alone and within an event's sentence."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from appliance.events.mode_words import mode_clause, mode_words
from appliance.events.words import sentence
from appliance.schemas.mode import ModeTrait
from tests.appliance.events.drafts import draft

TOKYO = ZoneInfo("Asia/Tokyo")
UNITS = {"speed": "rpm"}


def trait(
    level: str, value: float = 1480.4, sensor: str = "speed", word: str = ""
) -> ModeTrait:
    return ModeTrait.model_validate(
        {"sensor": sensor, "level": level, "value": value, "word": word}
    )


@pytest.mark.parametrize(
    ("traits", "english", "japanese"),
    [
        ([], "normal running", "通常運転"),
        ([trait("high")], "mode with high speed", "speed が高い運転"),
        ([trait("medium")], "mode with speed near 1,480 rpm", "speed が 1,480 rpm 前後の運転"),
        (
            [trait("medium", 0.123456, "ratio")],
            "mode with ratio near 0.123",
            "ratio が 0.123 前後の運転",
        ),
        (
            [trait("low"), trait("on", 1, "pump 2")],
            "mode with low speed and pump 2 on",
            "speed が低く、pump 2 がオンの運転",
        ),
        (
            [trait("is", 2, "recipe", "B"), trait("off", 0, "heater"), trait("high")],
            "mode with recipe B, heater off and high speed",
            "recipe が B で、heater がオフで、speed が高い運転",
        ),
        (
            [trait("medium"), trait("low", sensor="{odd}")],
            "mode with speed near 1,480 rpm and low {odd}",
            "speed が 1,480 rpm 前後で、{odd} が低い運転",
        ),
    ],
)
def test_which_mode_it_is(traits, english, japanese):
    assert mode_words(traits, "en", units=UNITS) == english
    assert mode_words(traits, "ja", units=UNITS) == japanese


def test_a_machine_that_does_not_run():
    assert mode_words([], "en", stopped=True) == "stopped"
    assert mode_words([], "ja", stopped=True) == "停止中"


@pytest.mark.parametrize("ongoing", [False, True])
@pytest.mark.parametrize(
    ("stopped", "traits", "english", "japanese"),
    [
        (
            False,
            [trait("high")],
            ", in the mode with high speed, mainly",
            "、speed が高い運転中に通常と",
        ),
        (True, [], ", while stopped, mainly", "、停止中に通常と"),
        (False, [], "), mainly", "）通常と"),
    ],
)
def test_an_event_says_the_mode(ongoing, stopped, traits, english, japanese):
    event = draft(60, 260, 5.25, ongoing=ongoing)
    said = {
        language: sentence(
            event, language, TOKYO, mode=mode_clause(traits, language, stopped=stopped)
        )
        for language in ("en", "ja")
    }
    assert english in said["en"]
    assert japanese in said["ja"]
