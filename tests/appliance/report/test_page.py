"""The page: whole in both languages, safe with any name, nothing from outside."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from appliance.report.page import render
from appliance.report.text import keys, say
from appliance.schemas.event import EventState, SensorShare, Severity
from tests.appliance.report.pages import event, fault, heat, quality, report, view

LANGUAGES = ("en", "ja")
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=y>&amp;{0}"
_VOID = {"meta", "br", "img", "link", "input", "hr"}
_DRAWN = {"rect", "line", "path"}


class Page(HTMLParser):
    """What a browser would see: elements, attributes, text, and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in _DRAWN
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.words += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_on_the_page(language):
    given = report(language)
    page = Page(render(given))
    assert page.words.count("P-1") >= 2
    for key in ("heat", "events", "faults", "quality", "failures", "drivers", "act", "frozen"):
        assert say(language, f"note_{key}" if key == "frozen" else key) in page.words
    for shown in (*given.events, *given.faults):
        assert shown.sentence in page.words
    assert "2026-03-03 12:00" in page.words  # 03:00 UTC in Tokyo
    assert "97.4%" in page.words
    assert "518,400" in page.words
    assert "1,234" in page.words
    assert "30 clean rows" in page.words
    assert say(language, "acknowledged") in page.words
    assert say(language, "ongoing") in page.words
    assert page.tags.count("svg") == 4
    assert ("lang", language) in page.attributes


def test_japanese_is_japanese():
    shown = Page(render(report("ja"))).words
    english = {say("en", key) for key in keys() if "{" not in say("en", key)}
    assert not {word for word in english if len(word) > 8 and word in shown}
    assert all(say("en", key) != say("ja", key) for key in keys())


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_comes_from_outside(language):
    text = render(report(language))
    page = Page(text)
    assert not {"script", "link", "iframe", "img", "object", "embed"} & set(page.tags)
    assert not {n for n, _ in page.attributes if n.startswith("on") or n in ("src", "href")}
    assert not re.search(r"https?:|url\(|@import|//", text.replace("<!doctype html>", ""))
    assert "default-src 'none'" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_stay_text(language):
    shares = (
        SensorShare(name=HOSTILE, share=0.7, direction=1),
        SensorShare(name="'", share=0.3),
    )
    bad = view(event(0, HOSTILE, sensors=shares), language)
    broken = view(fault(HOSTILE, HOSTILE, HOSTILE), language)
    given = report(
        language,
        fleet=HOSTILE,
        recipe=HOSTILE,
        events=(bad,),
        faults=(broken,),
        heat=tuple(replace(row, asset=HOSTILE) for row in heat(2)),
        quality=(quality(HOSTILE, unit=HOSTILE),),
        failures={HOSTILE: HOSTILE},
    )
    page = Page(render(given))
    plain = Page(render(report(language)))
    assert set(page.tags) == set(plain.tags)
    assert {name for name, _ in page.attributes} == {name for name, _ in plain.attributes}
    assert page.words.count(HOSTILE) >= 8
    assert bad.sentence in page.words


def test_every_picture_is_valid_xml_and_says_what_it_shows():
    pictures = re.findall(r"<svg.*?</svg>", render(report()), re.DOTALL)
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert "nan" not in picture.lower()
        assert "inf" not in picture


def test_an_empty_time_says_so():
    text = Page(
        render(report(events=(), faults=(), failures={}, heat=(), bins=(), quarantined=0))
    )
    assert say("en", "no_events") in text.words
    assert say("en", "no_faults") in text.words
    assert say("en", "failures") not in text.words
    assert "quarantine" not in text.words


def test_events_beyond_the_limit_are_counted():
    many = tuple(view(event(0)) for _ in range(5))
    page = Page(render(report(events=many), shown=2))
    assert page.tags.count("article") == 3
    assert "3 more events" in page.words


def test_a_sensor_fault_has_no_surprise_to_tell():
    text = Page(render(report(events=()))).words
    assert "0.0" not in text
    assert say("en", "drivers") not in text


def test_many_missing_readings_stand_out():
    text = render(report(quality=(quality(missing_share=0.3),)))
    assert '<td class="warn">30.0%</td>' in text
    assert 'class="warn"' not in render(report(quality=(quality(missing_share=0.01),)))


@pytest.mark.parametrize("state", list(EventState))
@pytest.mark.parametrize("severity", list(Severity))
def test_every_state_and_severity_has_words(state, severity):
    page = Page(render(report("ja", events=(view(event(0, state=state, severity=severity)),))))
    assert say("ja", state.value) in page.words
    assert say("ja", severity.value) in page.words


def test_traces_without_a_value_are_drawn_as_nothing():
    bare = view(event())
    empty = tuple(replace(t, values=np.full(len(t.values), np.nan)) for t in bare.traces)
    none = tuple(replace(t, times=t.times[:0], values=t.values[:0]) for t in bare.traces)
    for traces in (empty, none, ()):
        text = render(report(events=(replace(bare, traces=traces),)))
        assert "nan" not in unescape(re.search(r"<article>.*?</article>", text).group()).lower()
