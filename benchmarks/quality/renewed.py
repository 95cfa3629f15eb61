"""False events in normal running of public sets where models are learned anew, as a site does.

As in `benchmarks.quality.clean` three fifths of a series are learned from and no judged row is
labelled faulty; but what is judged comes in stretches, and after each the platform's retraining
is due.  Its rules are the platform's own functions: events that nobody answered are left out
(`appliance.pipelines.frozen`), and so are days of a slow drift, by what was normal first
(`appliance.pipelines.drift`); the challenger has not learned the latest stretches and becomes
champion if it is no worse on them (`appliance.backtests.rule`).  Nobody answers, so that an
event may speak for its repeats: counted is what is *told* (`benchmarks.quality.repeats`), and
beside it what is raised; repeats are not learned either.  What goes on from one stretch into
the next is one event.  Beside it the first version judges everything.

A row stands for 43.2 minutes, so that a month holds `PER_ROWS` of them.  Backward the rows come
in the other order of time.  TEP is left out: its runs begin anew each time.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from appliance.backtests.figures import Known, Subject, make_side
from appliance.backtests.rule import checks, is_better
from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.events.life import is_graver
from appliance.events.likes import told_again_after
from appliance.events.scorecard import LOOK_BACK
from appliance.fleet import Artifact, FrameChunk, frames, resolve
from appliance.fleet.chunks import Columns, cut
from appliance.fleet.drifting import find_drifts
from appliance.fleet.guide import OPEN, Guide
from appliance.fleet.levels import Levels
from appliance.fleet.replaying import Period, replay_fleet
from appliance.fleet.training import fit_fleet
from appliance.pipelines.drift import Drifts, Reading, compare
from appliance.pipelines.frozen import masks_of
from appliance.schemas.backtest import Backtest
from benchmarks.quality import clean, loaders
from benchmarks.quality.clean import LEARNED, PER_ROWS, WAYS, Kept, courses, together
from benchmarks.quality.repeats import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from appliance.engine import Engine
    from appliance.fleet.drifting import Normal
    from appliance.schemas.backtest import BacktestSide, Replay
    from appliance.schemas.event import EventDraft
    from appliance.schemas.model import DriftNote
    from benchmarks.quality.loaders import Matrix

_START = datetime(2020, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=30) / PER_ROWS
_TOLD = ("events", "raised", "promised", "ratio", "interval", "alarmed")


class Plan(NamedTuple):
    """How a series is run.

    Attributes
    ----------
    stretches
        That the rows judged come in.
    recent
        Of them, the latest that a challenger is compared on and has not learned; with none it
        learns everything and becomes champion in any case.
    """

    budgets: Sequence[float]
    recipe: str
    stretches: int
    recent: int


@dataclass(frozen=True)
class Told(Kept):
    """What came of a promise on one series; its events are those that are told.

    Attributes
    ----------
    raised
        All events, repeats too, whose rows are alarmed.
    """

    raised: int


@dataclass(frozen=True)
class Run:
    """What came of a promise on one series.

    Attributes
    ----------
    kept, first
        By the champion of each stretch, and by the first version alone.
    begun
        Told events that began in each stretch.
    promoted
        How many challengers became champion.
    drifted
        Whether a slow drift was told, whose days are not learned.
    """

    kept: Told
    first: Told
    begun: tuple[int, ...]
    promoted: int
    drifted: bool


class _Span(NamedTuple):
    """The machine's readings, as the search for drifts wants to be told of them."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class _Version:
    """A model and what is known beside it."""

    folder: Path
    learned: tuple[datetime, datetime]
    drifts: Drifts


def lines(sets: Sequence[str], folder: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield a line a set, direction and budget, and one a budget over all."""
    every: dict[float, list[Run]] = {budget: [] for budget in plan.budgets}
    for name in sets:
        if name == "tep":
            continue
        for way in WAYS:
            found: dict[float, list[Run]] = {budget: [] for budget in plan.budgets}
            refused = 0
            for values in courses(name, folder):
                try:
                    own = runs(values if way == WAYS[0] else values[::-1], plan)
                except InvalidRequest:
                    refused += 1
                    continue
                for budget, run in own.items():
                    found[budget].append(run)
            for budget, some in found.items():
                about = {"set": name, "way": way, "budget": budget, "refused": refused}
                yield about | _together(some)
                every[budget] += some
    for budget, some in every.items():
        yield {"set": "all", "way": "both", "budget": budget} | _together(some)


def shown(line: dict[str, Any]) -> str:
    """Return a line for a person."""
    first = line["first_version"]
    return (
        f"{clean.shown(line)}, {line['raised']} raised; the first version {first['events']} of "
        f"{first['promised']:g}: {first['ratio']:g}, {first['raised']} raised"
    )


def runs(values: Matrix, plan: Plan) -> dict[float, Run]:
    """Return what came of each budget on one series.

    Raises
    ------
    InvalidRequest
        Nothing can be learned from its first part.
    """
    with (
        make("local", load_settings()) as engine,
        tempfile.TemporaryDirectory(prefix="kizashi-") as scratch,
    ):
        site = _Site(values, plan, engine, Path(scratch))
        return {budget: site.run(budget) for budget in plan.budgets}


class _Site:
    """One machine, its readings stretch by stretch and its models."""

    def __init__(self, values: Matrix, plan: Plan, engine: Engine, scratch: Path) -> None:
        frame = loaders.timed(values, _START, _STEP)
        self._layout = frames.guess(frame, "asset", "time", [])
        self._rows = frames.normalise(frame, self._layout)
        first, n = int(LEARNED * len(values)), plan.stretches
        self._borders = [first + (len(values) - first) * k // n for k in range(n + 1)]
        self._plan, self._engine, self._scratch = plan, engine, scratch
        self._versions: dict[str, _Version] = {}
        self._replays: dict[tuple[Path, int, int], Replay] = {}
        # A challenger has learned nothing new where this is all that it may learn.
        self._first = self._learned(first, (), first, None, plan.budgets[0])

    def run(self, budget: float) -> Run:
        """Go through the stretches under one budget."""
        raised: list[EventDraft] = []
        champion, promoted, drifted = self._first, 0, False
        promised, rows = 0.0, 0
        for k, begin in enumerate(self._borders[:-1]):
            end = self._borders[k + 1]
            replay = self._judged(champion, begin, end)
            raised = _gone_on(raised, _under(replay, budget))
            judged = _rows(replay)
            rows += judged
            promised += self._expected(champion, budget) * judged / PER_ROWS
            if k + 2 < len(self._borders):
                challenger = self._renewed(champion, raised, k, budget)
                promoted += challenger is not champion
                champion = challenger
                drifted |= bool(champion.drifts.notes)
        kept = _kept(raised, budget, promised, rows)
        return Run(kept, self._once(budget), self._begun(raised, budget), promoted, drifted)

    def _once(self, budget: float) -> Told:
        replay = self._judged(self._first, self._borders[0], self._borders[-1])
        rows = _rows(replay)
        promised = self._expected(self._first, budget) * rows / PER_ROWS
        return _kept(_under(replay, budget), budget, promised, rows)

    def _begun(self, raised: Sequence[EventDraft], budget: float) -> tuple[int, ...]:
        starts = [one.start for one in told(raised, told_again_after(budget))]
        return tuple(
            sum(_time(begin) <= start < _time(end) for start in starts)
            for begin, end in pairwise(self._borders)
        )

    def _renewed(
        self, champion: _Version, raised: Sequence[EventDraft], k: int, budget: float
    ) -> _Version:
        """Return the champion after a stretch."""
        end = self._borders[k + 1]
        stop = self._borders[max(k + 1 - self._plan.recent, 0)]
        try:
            challenger = self._learned(stop, raised, end, champion.drifts, budget)
        except InvalidRequest:
            return champion
        if stop == end:
            return challenger
        ours, theirs = (
            self._side(version, stop, end, budget) for version in (challenger, champion)
        )
        compared = Backtest(
            id="btt",
            fleet="machine",
            start=_time(stop),
            end=_time(end),
            created=_time(end),
            by="benchmark",
            candidate=ours,
            champion=theirs,
            look_back_days=LOOK_BACK / timedelta(days=1),
        )
        return challenger if is_better(checks(compared)) else champion

    def _side(self, version: _Version, start: int, end: int, budget: float) -> BacktestSide:
        replay = self._judged(version, start, end)
        own = replay.model_copy(update={"events": _under(replay, budget), "others": ()})
        subject = Subject(None, self._plan.recipe, budget, version.learned, [own])
        known = Known("machine", (), (), (), ZoneInfo("UTC"), LOOK_BACK)
        return make_side(subject, known)

    def _learned(
        self,
        stop: int,
        raised: Sequence[EventDraft],
        end: int,
        former: Drifts | None,
        budget: float,
    ) -> _Version:
        """Learn the rows before `stop` when those before `end` are there."""
        held = masks_of(raised, _time(end))
        # A model keeps the levels of all budgets; they differ by what is open.
        own = budget if raised else 0
        key = repr((stop, held, former, own))
        if key not in self._versions:
            guide = Guide(held=((OPEN, held),) if raised else ())
            known = self._rows[:stop]
            recipe = resolve(self._plan.recipe, false_alarms_per_month=budget)
            folder = self._scratch / f"version{len(self._versions)}"
            drifts = self._drifts(stop, guide, former)
            report = fit_fleet(
                cut(known, 1),
                recipe,
                self._layout,
                folder,
                self._engine,
                guide=drifts.guide(guide),
            )
            learned = report.data_start, report.data_end
            self._versions[key] = _Version(folder, learned, drifts)
        return self._versions[key]

    def _drifts(self, stop: int, guide: Guide, former: Drifts | None) -> Drifts:
        recipe = resolve(self._plan.recipe)
        columns = Columns.of(recipe, self._layout.sensors, self._layout.context)
        chunk = FrameChunk(self._rows[:stop])

        def find(spans: Mapping[str, Normal]) -> list[DriftNote]:
            return find_drifts([chunk], recipe, columns, spans, self._engine, guide.masks(None))

        machine = _Span(loaders.ASSET, _START, _time(stop - 1))
        return compare(former, [machine], Reading(0, end=_time(stop)), Masks(), find)

    def _judged(self, version: _Version, start: int, end: int) -> Replay:
        """Return what a version says of rows, under all budgets."""
        key = version.folder, start, end
        if key not in self._replays:
            entry = Artifact(version.folder).manifest.assets[loaders.ASSET]
            around = self._rows[max(start - entry.warm_rows, 0) : end + entry.after_rows]
            [self._replays[key]] = replay_fleet(
                [FrameChunk(around)],
                version.folder,
                Period((_time(start), _time(end))),
                self._engine,
                budgets=self._plan.budgets,
            )
        return self._replays[key]

    def _expected(self, version: _Version, budget: float) -> float:
        """Return the events a month that a version promises."""
        artifact = Artifact(version.folder)
        entry = artifact.manifest.assets[loaders.ASSET]
        levels = Levels.of(artifact.arrays(loaders.ASSET))
        if levels is not None:
            entry = levels.entry(entry, budget)
        return entry.budget.expected_per_month


def _time(row: int) -> datetime:
    return _START + row * _STEP


def _under(replay: Replay, budget: float) -> tuple[EventDraft, ...]:
    return dict(replay.others)[budget]


def _rows(replay: Replay) -> int:
    return round(sum(replay.seconds.values()) / _STEP.total_seconds())


def _alarmed(events: Sequence[EventDraft]) -> int:
    return sum(round((one.end - one.start) / _STEP) + 1 for one in events)


def _kept(raised: Sequence[EventDraft], budget: float, promised: float, rows: int) -> Told:
    events = len(told(raised, told_again_after(budget)))
    return Told(events, promised, rows, _alarmed(raised), len(raised))


def _gone_on(raised: Sequence[EventDraft], found: Sequence[EventDraft]) -> list[EventDraft]:
    """Return all events so far; what goes on is no new one."""
    out = [one.model_copy(update={"ongoing": False}) for one in raised]
    near = (resolve("auto").threshold.merge_rows + 1) * _STEP
    for one in sorted(found, key=lambda event: event.start):
        if out and one.start - out[-1].end <= near:
            out[-1] = _joined(out[-1], one)
        else:
            out.append(one)
    return out


def _joined(before: EventDraft, after: EventDraft) -> EventDraft:
    """Return an event and what it went on as; the part that goes farther names the sensors."""
    graver = after if is_graver(after.severity, before.severity) else before
    farther = max(before, after, key=lambda part: part.peak)
    own = {"start": before.start, "end": after.end, "ongoing": after.ongoing}
    return farther.model_copy(update=own | {"severity": graver.severity})


def _together(found: Sequence[Run]) -> dict[str, Any]:
    first = _sum([one.first for one in found])
    return _sum([one.kept for one in found]) | {
        "begun": [sum(stretch) for stretch in zip(*(one.begun for one in found), strict=True)],
        "promoted": sum(one.promoted for one in found),
        "drifted": sum(one.drifted for one in found),
        "first_version": {key: first[key] for key in _TOLD},
    }


def _sum(found: Sequence[Told]) -> dict[str, Any]:
    return together(found) | {"raised": sum(one.raised for one in found)}
