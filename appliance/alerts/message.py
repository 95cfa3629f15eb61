"""What a channel says: one message for all that it has to tell at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.event import Event, Severity

_ORDER = tuple(reversed(Severity))
_SPOKEN = 10
"""Events that are told in words; the others are counted."""
_WORDS: dict[str, tuple[str, str]] = {
    "act": ("Act now", "今すぐ対応"),
    "plan": ("Plan", "対応を計画"),
    "watch": ("Watch", "様子を見る"),
    "one": ("{what}: {asset} ({fleet})", "{what}: {asset}({fleet})"),
    "many": ("{n} events: {what}", "{n} 件のイベント: {what}"),
    "count": ("{what} {n}", "{what} {n} 件"),
    "and": (", ", "、"),
    "more": ("And {n} more.", "ほか {n} 件。"),
    "trouble": ("Platform: {what}", "プラットフォーム: {what}"),
    "troubles": ("Platform: {n} things need care", "プラットフォーム: 対処が必要 {n} 件"),
    "over": ("Over: {what}", "解消: {what}"),
    "overs": ("Platform: {n} things are over", "プラットフォーム: 解消 {n} 件"),
    "trial": ("This is a test", "テスト送信です"),
    "trial_text": (
        "{site} can reach you by this channel.",
        "{site} からこのチャネルで通知を受け取れます。",
    ),
}


@dataclass(frozen=True)
class Told:
    """An event, the sentence that tells it, and where it is looked at."""

    event: Event
    words: str
    address: str


@dataclass(frozen=True)
class Message:
    """A message as every channel can send it.

    Attributes
    ----------
    key
        The same for the same content: whoever gets it twice can tell.
    facts
        The same as plain JSON, for programs.
    """

    key: str
    subject: str
    text: str
    facts: dict[str, Any]


def message(site: str, told: Sequence[Told], language: Language) -> Message:
    """Return the message that tells of some events, the most urgent first."""
    ordered = sorted(told, key=lambda one: _ORDER.index(one.event.severity))
    lines = [f"{one.words}\n{one.address}".rstrip() for one in ordered[:_SPOKEN]]
    if len(ordered) > _SPOKEN:
        lines.append(_say("more", language, n=len(ordered) - _SPOKEN))
    facts = {
        "site": site,
        "events": [
            {
                **one.event.model_dump(mode="json", exclude={"score_batch"}),
                "words": one.words,
                "address": one.address,
            }
            for one in ordered
        ],
    }
    names = sorted(f"{one.event.id} {one.event.severity.value}" for one in told)
    subject = f"[{site}] {_subject(ordered, language)}"
    return Message(_key(names), subject, "\n\n".join(lines), facts)


@dataclass(frozen=True)
class PlatformWord:
    """A trouble of the platform in words, and whether it is over.

    Attributes
    ----------
    facts
        The same as plain JSON, for programs.
    """

    key: str
    text: str
    remedy: str
    over: bool
    facts: dict[str, Any]


def platform_message(
    site: str, told: Sequence[PlatformWord], address: str, language: Language
) -> Message:
    """Return the message that tells of the platform, what needs care before what is over."""
    ordered = sorted(told, key=lambda one: one.over)
    lines = [
        _say("over", language, what=one.text) if one.over else f"{one.text}\n{one.remedy}"
        for one in ordered[:_SPOKEN]
    ]
    if len(ordered) > _SPOKEN:
        lines.append(_say("more", language, n=len(ordered) - _SPOKEN))
    if address:
        lines.append(address)
    first, standing = ordered[0], sum(not one.over for one in ordered)
    if len(ordered) == 1:
        subject = _say("over" if first.over else "trouble", language, what=first.text)
    else:
        subject = _say("troubles" if standing else "overs", language, n=standing or len(told))
    facts = {"site": site, "events": [], "troubles": [one.facts for one in ordered]}
    key = _key(sorted(one.key for one in told))
    return Message(key, f"[{site}] {subject}", "\n\n".join(lines), facts)


def trial(site: str, language: Language, key: str) -> Message:
    """Return a message that only tries whether it arrives."""
    text = _say("trial_text", language, site=site)
    facts = {"site": site, "events": [], "trial": True}
    return Message(_key([key]), f"[{site}] {_say('trial', language)}", text, facts)


def _subject(told: Sequence[Told], language: Language) -> str:
    if len(told) == 1:
        event = told[0].event
        what = _say(event.severity.value, language)
        return _say("one", language, what=what, asset=event.asset, fleet=event.fleet)
    counts = Counter(one.event.severity for one in told)
    parts = [
        _say("count", language, what=_say(severity.value, language), n=counts[severity])
        for severity in _ORDER
        if counts[severity]
    ]
    what = _say("and", language).join(parts)
    return _say("many", language, n=len(told), what=what)


def _key(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]


def _say(key: str, language: Language, **values: object) -> str:
    return spoken(_WORDS, language, key, **values)
