"""By which evidence a young machine is judged as it is, in English and Japanese."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.core.spoken import spoken
from appliance.schemas.base import Language
from appliance.schemas.manifest import AssetManifest, Trial

_TEXT: dict[str, tuple[str, str]] = {
    "own": (
        (
            "Its own model took over from the fleet's after {days:g} days. On its latest "
            "third, which neither had learned, its own found {own_found:.0%} of readings moved "
            "by {moved:g} deviations, the fleet's {shared_found:.0%}; of the readings as they "
            "were, {own_alarms:.1%} and {shared_alarms:.1%} alarmed."
        ),
        (
            "{days:g} 日で、機群共通のモデルから自分のモデルに切り替わりました。"
            "どちらも学習していない直近の 3 分の 1 で、標準偏差の {moved:g} 倍ずらした値の"
            "うち、自分のモデルは {own_found:.0%}、共通のモデルは {shared_found:.0%} を"
            "検出しました。"
            "そのままの値で警報になったのは {own_alarms:.1%} と {shared_alarms:.1%} です。"
        ),
    ),
    "shared": (
        (
            "The fleet's model still judges it: after {days:g} days its own is no better. On "
            "its latest third, which neither had learned, its own found {own_found:.0%} of "
            "readings moved by {moved:g} deviations, the fleet's {shared_found:.0%}; of the "
            "readings as they were, {own_alarms:.1%} and {shared_alarms:.1%} alarmed."
        ),
        (
            "まだ機群共通のモデルで評価しています。{days:g} 日の時点では自分のモデルのほうが"
            "良いとは言えません。どちらも学習していない直近の 3 分の 1 で、標準偏差の "
            "{moved:g} 倍ずらした値のうち、自分のモデルは {own_found:.0%}、共通のモデルは "
            "{shared_found:.0%} を検出しました。そのままの値で警報になったのは "
            "{own_alarms:.1%} と {shared_alarms:.1%} です。"
        ),
    ),
    "borrowed": (
        (
            "It is judged by the fleet's shared model, learned from {n} machines ({names}), "
            "until its own can take over at a training."
        ),
        (
            "自分のモデルに切り替わるまで、{n} 台の機器（{names}）から学習した機群共通の"
            "モデルで評価します。切り替えは学習のときに判断します。"
        ),
    ),
    "levelled": (
        (
            "What is usual for it was learned from {days:g} days of its own readings: it is "
            "called unusual when it differs from them, not for being unlike the others."
        ),
        (
            "何がこの機器の普段の状態かは、この機器自身の {days:g} 日分の値から学習しました。"
            "ほかの機器と違うというだけでは異常とせず、自身の普段と違うときに異常とします。"
        ),
    ),
}
_MOST_NAMED = 4


def trial_words(trial: Trial, language: Language = "en") -> str:
    """Return which of the two judges a machine, and the figures for it."""
    return spoken(_TEXT, language, "own" if trial.better else "shared", **trial.model_dump())


def borrowed_words(shared: AssetManifest, language: Language = "en") -> str:
    """Return by what machines without an own sub-model are judged."""
    words = spoken(
        _TEXT, language, "borrowed", n=len(shared.donors), names=_named(shared.donors)
    )
    if shared.levelled_days is None:
        return words
    gap = "" if language == "ja" else " "
    return f"{words}{gap}{spoken(_TEXT, language, 'levelled', days=shared.levelled_days)}"


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
