"""Why a machine is judged as it is, in sentences, in English and Japanese."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance.core.spoken import spoken
from appliance.fleet.trial_words import borrowed_words, trial_words
from appliance.schemas.base import Language
from appliance.schemas.choice import Choice, View
from appliance.schemas.manifest import AssetManifest, FleetManifest
from appliance.schemas.recipe import Recipe

_MOST_NAMED = 6
_LEAST_SHARE = 0.001
_SIZES = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
_TWICE = 2
"""A span is told in the largest unit that it holds twice."""

_TEXT: dict[str, tuple[str, str]] = {
    "rows": (
        "Learned from {rows} rows of {step}, {length} in all.",
        "{step}ごとの {rows} 行（合計 {length}）から学習しました。",
    ),
    "cycles": (
        "Learned from {rows} rows, one a cycle.",
        "1 サイクル 1 行、合計 {rows} 行から学習しました。",
    ),
    "stretches": (
        (
            "They are {count} stretches spread over its past, which is too long to learn from "
            "all of it."
        ),
        "過去が長く、すべては学習できないため、全体に散らばる {count} 区間を使いました。",
    ),
    "levelled": (
        (
            "Its alarm level was learned from {rows} rows between them, which the model had "
            "not seen."
        ),
        "警報の基準は、その間にあってモデルが見ていない {rows} 行から学習しました。",
    ),
    "whole": ("None of these readings is missing.", "そのうち欠測はありません。"),
    "missing": (
        (
            "{share} of the readings are missing: the last one is carried over up to {most} "
            "rows, and a sensor is not judged where it is away for longer."
        ),
        (
            "値の {share} が欠測しています。最大 {most} 行までは直前の値で補い、"
            "それより長い欠測の間はそのセンサーを評価しません。"
        ),
    ),
    "given": (
        "The recipe says how long windows are: {short} and {long} rows.",
        "窓の長さはレシピの指定です：{short} 行と {long} 行。",
    ),
    "period": (
        (
            "There is one sensor, and it repeats itself every {period} rows ({span}): it is "
            "looked at in windows of {short} and {long} rows."
        ),
        (
            "センサーは 1 つで、{period} 行（{span}）の周期があります。"
            "そこで {short} 行と {long} 行の窓で見ます。"
        ),
    ),
    "no_period": (
        (
            "There is one sensor, without a period that stands out: it is looked at in "
            "windows of {short} and {long} rows."
        ),
        "センサーは 1 つで、目立つ周期はありません。{short} 行と {long} 行の窓で見ます。",
    ),
    "several": (
        (
            "There are {count} sensors: each is looked at in windows of {short} and {long} "
            "rows ({span} and {longer})."
        ),
        (
            "センサーは {count} 個あります。それぞれを {short} 行と {long} 行"
            "（{span}と{longer}）の窓で見ます。"
        ),
    ),
    "views": (
        (
            "A window is compared with usual ones as it is, by its shape, and by its level, "
            "spread and roughness."
        ),
        "窓は、値そのもの、形、そして水準・ばらつき・粗さで、通常の窓と比べます。",
    ),
    "nearest_shapes": (
        "Its shape is compared with every window that was learned from.",
        "形は、学習したすべての窓と比べます。",
    ),
    "no_nearest_shapes: several sensors": (
        (
            "Shapes are compared with some of the windows learned from, not with all: with "
            "several sensors, all told no more."
        ),
        (
            "形は、学習した窓の一部とだけ比べます。センサーが複数あるときは、"
            "すべてと比べても良くならないためです。"
        ),
    ),
    "no_nearest_shapes: too few windows": (
        (
            "Shapes are compared with some of the windows learned from, not with all: too "
            "few have no gaps."
        ),
        "形は、学習した窓の一部とだけ比べます。欠測のない窓が少なすぎるためです。",
    ),
    "joint": (
        (
            "All sensors are also looked at together, in windows of {joint} rows: each by what "
            "the others do."
        ),
        (
            "さらに、全センサーを {joint} 行の窓でまとめて見て、"
            "他のセンサーの動きから外れるものを探します。"
        ),
    ),
    "no_joint: one sensor": (
        "There is no other sensor that it could be compared with.",
        "比べられる他のセンサーはありません。",
    ),
    "no_joint: weight 0": (
        "Sensors are not looked at together: the recipe gives that no weight.",
        "センサーをまとめて見ることはしません。レシピで重みが 0 になっています。",
    ),
    "switches": (
        "Left out, as they hold only 0 and 1: {names}.",
        "0 と 1 だけのため除外：{names}。",
    ),
    "gappy": (
        "Left out, as gaps leave too few windows: {names}.",
        "欠測が多く窓が足りないため除外：{names}。",
    ),
    "context": (
        (
            "Normal depends on {context}: what that explains of {names} is taken off before "
            "they are judged."
        ),
        "正常は {context} によって変わります。{names} は、その分を差し引いてから評価します。",
    ),
    "no_context": (
        "{context} explains no sensor well enough to be counted on, and is not used.",
        "{context} で十分に説明できるセンサーはないため、使いません。",
    ),
    "one_mode": ("It runs in one mode.", "運転モードは 1 つです。"),
    "modes": ("It runs in {count} modes.", "運転モードは {count} つあります。"),
    "averages": (
        "Running averages watch besides for small shifts that last.",
        "加えて、移動平均で、小さくても続くずれを見張ります。",
    ),
    "no_averages": (
        "No running averages watch for small shifts: what was learned from is too short.",
        "学習した期間が短いため、移動平均で小さなずれを見張ることはしません。",
    ),
    "days": ("{n} days", "{n} 日"),
    "hours": ("{n} hours", "{n} 時間"),
    "minutes": ("{n} minutes", "{n} 分"),
    "seconds": ("{n} s", "{n} 秒"),
    "n_cycles": ("{n} cycles", "{n} サイクル"),
    "comma": (", ", "、"),
    "more": (" and {n} more", "ほか {n} 個"),
}


@dataclass(frozen=True)
class _Machine:
    """One machine of a version, and the language that is spoken."""

    entry: AssetManifest
    recipe: Recipe
    context: tuple[str, ...]
    cycles: bool
    language: Language

    def say(self, key: str, **values: str) -> str:
        """Return a text in the language."""
        return spoken(_TEXT, self.language, key, **values)

    def names(self, names: Sequence[str]) -> str:
        """Return the first of some names, and how many more there are."""
        shown = self.say("comma").join(names[:_MOST_NAMED])
        rest = len(names) - _MOST_NAMED
        return shown + (self.say("more", n=f"{rest:,}") if rest > 0 else "")

    def span(self, rows: float) -> str:
        """Return how long so many rows are."""
        if self.cycles:
            return self.say("n_cycles", n=f"{rows:,g}")
        seconds = rows * self.entry.interval_seconds
        unit, size = next((one for one in _SIZES if seconds >= _TWICE * one[1]), _SIZES[-1])
        return self.say(unit, n=f"{float(f'{seconds / size:.3g}'):,g}")


def choice_words(manifest: FleetManifest, asset: str, language: Language) -> tuple[str, ...]:
    """Say, a sentence each, by what facts a machine of a version is judged as it is."""
    cycles = manifest.time_kind == "cycle"
    entry, recipe = manifest.of(asset), manifest.recipe
    if entry is None:
        return ()
    told = _told(_Machine(entry, recipe, manifest.context, cycles, language))
    return (*_evidence(manifest, asset, entry, language), *told)


def _evidence(
    manifest: FleetManifest, asset: str, entry: AssetManifest, language: Language
) -> Iterator[str]:
    """Say whether the fleet's shared sub-model judges a machine or its own, and why."""
    trial = manifest.trials.get(asset, entry.trial)
    if trial is not None:
        yield trial_words(trial, language)
    if entry.donors:
        yield borrowed_words(entry, language)


def _told(of: _Machine) -> Iterator[str]:
    entry = of.entry
    if of.cycles:
        yield of.say("cycles", rows=f"{entry.rows:,}")
    else:
        spans = {"step": of.span(1), "length": of.span(entry.rows)}
        yield of.say("rows", rows=f"{entry.rows:,}", **spans)
    if entry.learned:
        yield of.say("stretches", count=f"{len(entry.learned)}")
    if entry.levelled_rows:
        yield of.say("levelled", rows=f"{entry.levelled_rows:,}")
    if entry.choice is not None:
        yield from _chosen(of, entry.choice)
    if of.context:
        yield _context(of)
    if entry.modes:
        yield of.say("one_mode" if entry.modes == 1 else "modes", count=f"{entry.modes}")
    if entry.averages:
        yield of.say("averages")
    elif of.recipe.detector == "auto" and of.recipe.sustained_hours != 0:
        yield of.say("no_averages")


def _chosen(of: _Machine, choice: Choice) -> Iterator[str]:
    short, _, joint = choice.windows
    if choice.missing:
        share = f"{max(choice.missing, _LEAST_SHARE):.1%}"
        yield of.say("missing", share=share, most=f"{short:,}")
    else:
        yield of.say("whole")
    for kind, names in (("switches", choice.switches), ("gappy", choice.gappy)):
        if names:
            yield of.say(kind, names=of.names(names))
    yield _windows(of, choice)
    yield of.say("views")
    views: tuple[View, View] = ("nearest_shapes", "joint")
    for view in views:
        if view in choice.views:
            yield of.say(view, joint=f"{joint:,}")
        elif view in choice.left_out:
            yield of.say(f"no_{view}: {choice.left_out[view]}")


def _windows(of: _Machine, choice: Choice) -> str:
    short, long, _ = choice.windows
    values = {"short": f"{short:,}", "long": f"{long:,}"}
    if of.recipe.parameters.get("window") is not None:
        return of.say("given", **values)
    if len(choice.sensors) > 1:
        spans = {"span": of.span(short), "longer": of.span(long)}
        return of.say("several", count=f"{len(choice.sensors)}", **values, **spans)
    if choice.period is None:
        return of.say("no_period", **values)
    period = {"period": f"{choice.period:,}", "span": of.span(choice.period)}
    return of.say("period", **values, **period)


def _context(of: _Machine) -> str:
    context, explained = of.names(of.context), of.entry.conditioned
    if not explained:
        return of.say("no_context", context=context)
    best = sorted(explained.items(), key=lambda one: (-one[1], one[0]))
    names = of.names([f"{name} ({share:.0%})" for name, share in best])
    return of.say("context", context=context, names=names)
