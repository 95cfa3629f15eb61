"""Verdicts: what calling events true, false or planned would do to a fleet's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from appliance.backtests.figures import overlap
from appliance.calendar.expand import expand
from appliance.core.errors import InvalidRequest
from appliance.core.ids import new_id
from appliance.engine import Engine
from appliance.events.life import VERDICTS
from appliance.events.scorecard import LOOK_BACK, Alarm, heralds
from appliance.events.store import Search
from appliance.fleet.replaying import Period, replay_fleet
from appliance.pipelines.frozen import Words, words_on
from appliance.pipelines.scorecard import failures_of
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, with_limits_now
from appliance.pipelines.trial import Lesson, Trial, drop_trial, learn_trial
from appliance.schemas.backtest import VerdictPreview
from appliance.schemas.event import Event, EventDraft, EventKind, EventState
from appliance.schemas.model import ModelVersion
from appliance.schemas.progress import Progress, Silent

_INSTANT = timedelta(microseconds=1)
_MOST_REPEATS = 10_000


def preview(
    site: Site,
    events: Sequence[str],
    verdict: str,
    *,
    engine: str | None = None,
    progress: Progress | None = None,
) -> VerdictPreview:
    """Tell which events a verdict would remove if it fed the next training; write nothing.

    The models of the machines concerned are learned twice from today's readings, by the
    champion's recipe: as the verdicts are, and as they would be.  Both judge all of these
    machines' readings, as the next scoring run after a promotion would; what differs between
    the two is the verdict's doing alone.

    Parameters
    ----------
    events
        Anomalies of one fleet; their repeats that nobody has answered are asked about, too.

    Raises
    ------
    NotFound
        There is no such event, or the fleet has no model.
    InvalidRequest
        It is no verdict, the events are of several fleets, or one is a sensor fault.
    """
    asked = _asked_about(site, events, verdict)
    fleet = asked.events[0].fleet
    champion = site.registry.champion(fleet)
    said = {event.id: verdict for event in asked.events}
    proposed = words_on(site, fleet, verdicts=said)
    progress = progress or Silent()
    with site.engine(engine) as made:
        run = _Run(site, champion, {event.asset for event in asked.events}, made, progress)
        before, after = run.outcome(words_on(site, fleet)), run.outcome(proposed)
    return _told(site, asked, before, after)


class _Asked(NamedTuple):
    """What is asked about.

    Attributes
    ----------
    named
        Identifiers of the events that were named.
    events
        Those, and their repeats that nobody has answered: the answer answers them as well.
    """

    verdict: str
    named: frozenset[str]
    events: tuple[Event, ...]


def _asked_about(site: Site, events: Sequence[str], verdict: str) -> _Asked:
    if verdict not in VERDICTS:
        raise InvalidRequest(
            f"{verdict!r} is no verdict.", remedy=f"One of: {', '.join(VERDICTS)}."
        )
    found = [site.events.get(event) for event in dict.fromkeys(events)]
    if len({event.fleet for event in found}) != 1:
        raise InvalidRequest("a preview is of events of one fleet.")
    for event in found:
        if event.kind is not EventKind.ANOMALY:
            raise InvalidRequest(
                f"event {event.id} is a sensor fault: no verdict on it changes a training."
            )
    every = {event.id: event for event in found}
    for event in found:
        wanted = Search(repeats=event.id, states=(EventState.OPEN,))
        every |= {one.id: one for one in site.events.look(wanted, limit=_MOST_REPEATS)}
    return _Asked(verdict, frozenset(events), tuple(every.values()))


@dataclass(frozen=True)
class _Outcome:
    """What a training would lead to.

    Attributes
    ----------
    rows
        Readings learned from; 0 where the champion's models would stay.
    """

    drafts: Sequence[EventDraft]
    rows: int
    failures: Mapping[str, str]


class _Run:
    """Learns and judges the machines concerned."""

    def __init__(
        self,
        site: Site,
        champion: ModelVersion,
        assets: Iterable[str],
        engine: Engine,
        progress: Progress,
    ) -> None:
        self._site = site
        self._champion = champion
        self._fleet = champion.fleet
        self._assets = tuple(sorted(assets))
        self._engine = engine
        self._progress = progress
        self._readings = site.lake.readings(self._fleet)
        self._version = self._readings.version()

    def outcome(self, words: Words) -> _Outcome:
        """Return the events after a training that is told these words."""
        try:
            trial = self._learned(words)
        except InvalidRequest as error:
            # Nothing could be learned: the machines would keep the models that they have.
            failures = dict.fromkeys(self._assets, error.message)
            return _Outcome(self._judged(self._champion.path), 0, failures)
        try:
            return _Outcome(self._judged(trial.folder), trial.rows, trial.failures)
        finally:
            drop_trial(trial)

    def _learned(self, words: Words) -> Trial:
        known = self._site.intake.sensors(self._fleet)
        recipe = with_limits_now(self._champion.lineage.recipe, known)
        lesson = Lesson(TrainOptions(recipe=recipe), words.guide, self._assets, self._version)
        return learn_trial(
            self._site, self._fleet, new_id("trl"), lesson, self._engine, self._progress
        )

    def _judged(self, folder: str) -> list[EventDraft]:
        span = self._readings.span()
        if span is None:
            return []
        whole = span[0], span[1] + _INSTANT
        masks = expand(self._site.calendar.list(self._fleet), self._fleet, whole)
        chunks = self._readings.chunks(
            cells=self._site.chunk_cells(
                self._fleet, self._engine.workers, assets=self._assets
            ),
            assets=self._assets,
            version=self._version,
        )
        period = Period(whole, self._site.settings.timezone, masks)
        replays = replay_fleet(chunks, folder, period, self._engine, progress=self._progress)
        return [draft for one in replays for draft in one.events]


def _told(site: Site, asked: _Asked, before: _Outcome, after: _Outcome) -> VerdictPreview:
    fleet, assets = asked.events[0].fleet, sorted({event.asset for event in asked.events})
    standing = sorted(
        site.events.list(fleet, assets=assets, kind=EventKind.ANOMALY),
        key=lambda event: (event.start, event.id),
    )
    was = [event for event in standing if _shown(event, before.drafts)]
    removed = [event for event in was if not _shown(event, after.drafts)]
    worth = _of_worth(site, fleet, assets, removed)
    # What the verdict is for is what a person says of it now.
    own = asked.named if asked.verdict != "true" else frozenset()
    return VerdictPreview(
        fleet=fleet,
        events=tuple(event.id for event in asked.events),
        verdict=asked.verdict,
        rows=after.rows - before.rows,
        removed=tuple(removed),
        lost=tuple(event for event in removed if event.id in worth - own),
        kept=tuple(event for event in standing if _shown(event, after.drafts)),
        gone=tuple(event for event in standing if event not in was),
        added=tuple(
            draft
            for draft in after.drafts
            if not _shown(draft, before.drafts) and not _shown(draft, standing)
        ),
        failures=dict(after.failures),
    )


def _shown(event: EventDraft, drafts: Iterable[EventDraft]) -> bool:
    return any(overlap(event, draft) for draft in drafts)


def _of_worth(site: Site, fleet: str, assets: list[str], events: Sequence[Event]) -> set[str]:
    """Return the events that were called true, or that preceded a failure."""
    alarms = [
        Alarm(event.asset, event.start, event.end, event.verdict, frozenset())
        for event in events
    ]
    failures = failures_of(site, fleet, assets, None, None)
    signs = heralds(alarms, failures, LOOK_BACK)
    return {
        event.id
        for number, event in enumerate(events)
        if event.verdict == "true"
        or (number in signs and event.verdict not in ("false", "planned"))
    }
