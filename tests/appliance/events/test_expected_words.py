"""What would have been normal, in words."""

from __future__ import annotations

import pytest

from appliance.events.expected_words import expected_words


@pytest.mark.parametrize(
    ("measured", "expected", "width", "words"),
    [
        (81.24, 64.04, 2.1, "temp 81.2 °C; normal would have been 64.0 ± 2.1 °C."),
        (1480.3, 902.4, 31.0, "temp 1,480 °C; normal would have been 902 ± 31 °C."),
        (0.5, 0.12, 0.013, "temp 0.500 °C; normal would have been 0.120 ± 0.013 °C."),
        (3.0, 1.0, 0.0, "temp 3.000 °C; normal would have been 1.000 ± 0.000 °C."),
        (3.0, 0.0, 0.0, "temp 3.0 °C; normal would have been 0.0 ± 0.0 °C."),
        (None, 64.0, 2.1, "temp gave no reading; normal would have been 64.0 ± 2.1 °C."),
    ],
)
def test_all_have_the_decimals_that_the_width_needs(measured, expected, width, words):
    assert expected_words("temp", "°C", measured, expected, width, "en") == words


def test_in_japanese_and_without_a_unit():
    said = expected_words("temp", "", 81.24, 64.04, 2.1, "ja")
    assert said == "temp は 81.2。正常なら 64.0 ± 2.1 でした。"
    said = expected_words("temp", "°C", None, 64.04, 2.1, "ja")
    assert said == "temp は値がありません。正常なら 64.0 ± 2.1 °C でした。"
