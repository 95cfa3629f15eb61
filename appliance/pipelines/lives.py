"""Lives: machines that ran to failure, as the calendar tells of them, and what they teach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median_high

import polars as pl

from appliance.access import Person
from appliance.access.person import known
from appliance.calendar.masks import Span, merged
from appliance.calendar.rules import occurrences
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest
from appliance.fleet import Layout
from appliance.fleet.lives import learn_life
from appliance.pipelines.life_models import keep_life_model, learned_from, life_model
from appliance.pipelines.life_readings import LifeReadings
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.base import fleet_name
from appliance.schemas.calendar import WindowKind
from appliance.schemas.life import LearnLivesArguments, Life, LifeAside, Lives, LivesLearned
from appliance.schemas.progress import Progress, Silent
from detectors.prognostics import FEWEST_LIVES, fewest_rows

DAY_HOURS = 24.0
_INSTANT = timedelta(microseconds=1)
_MISSED = 0.1
"""Share of a life that may lack readings at its beginning or before its end."""
_REASONS = 3
_TELL = (
    "Tell of every failure: `kizashi calendar add {fleet} --kind failure --asset NAME --from … "
    "--until …`, until it ran again."
)


# ---------------------------------------------------------------- which lives there are
def lives(site: Site, fleet: str) -> Lives:
    """Return the lives of a fleet's machines, and what was learned from them.

    Raises
    ------
    NotFound
        There is no such fleet.
    """
    fleet = fleet_name(fleet)
    facts = site.intake.assets.fleet(fleet)
    every = lives_of(site, fleet)
    model = life_model(site, fleet)
    return Lives(
        fleet=fleet,
        time_kind=facts.time_kind,
        ended=tuple(one for one in every if one.failed),
        running=sum(not one.failed for one in every),
        needed=FEWEST_LIVES,
        learned=None if model is None else learned_from(model),
    )


def lives_of(site: Site, fleet: str, asset: str | None = None) -> list[Life]:
    """Return the lives of a fleet's machines, or of one, by machine and time.

    A life ends where a window of kind ``failure`` that names the machine begins; the next
    begins where it ends.  A failure of the whole fleet is no machine's wear, and ends none.
    """
    machines = site.intake.assets
    found = machines.list(fleet) if asset is None else machines.named(fleet, [asset])
    windows = [one for one in site.calendar.list(fleet) if one.kind is WindowKind.FAILURE]
    out: list[Life] = []
    for machine in found:
        # Somebody may tell of a failure that came after the last reading.
        horizon = machine.start, max(machine.end, now()) + _INSTANT
        told = [
            (span, window.id)
            for window in windows
            if window.asset == machine.name
            for span in occurrences(window, horizon)
        ]
        begun, number = machine.start, 1
        for start, end in merged(span for span, _ in told):
            if begun < start:
                window = next((one for span, one in told if span[0] == start), None)
                out.append(_life(machine.name, number, (begun, start), window))
                number += 1
            begun = max(begun, end)
        if begun <= machine.end:
            out.append(_life(machine.name, number, (begun, machine.end), None))
    return out


def _life(asset: str, number: int, span: Span, window: str | None) -> Life:
    start, end = span
    failed = window is not None
    return Life(asset=asset, number=number, start=start, end=end, failed=failed, window=window)


# ---------------------------------------------------------------- learning
@dataclass(frozen=True)
class _Course:
    """A life that ended, and its readings."""

    life: Life
    rows: pl.DataFrame


def learn_lives(
    site: Site,
    fleet: str,
    options: LearnLivesArguments | None = None,
    *,
    by: Person | str = "kizashi",
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> LivesLearned:
    """Learn from a fleet's machines that failed how long others last, over what was learned.

    Machines that still run say only that they last longer: they are not learned from.

    Raises
    ------
    NotFound
        The fleet has no readings.
    InvalidRequest
        Too few lives ended in a failure, or too few of them can be used.
    TryAgain
        Another process learns them.
    """
    fleet = fleet_name(fleet)
    options, steps = options or LearnLivesArguments(), steps or Plain()
    site.require_fleet(fleet)

    def learn() -> LivesLearned:
        with site.alone("lives", fleet):
            return _learned(site, fleet, options, known(by).name, progress or Silent())

    return steps.run("learn", LivesLearned, learn)


def _learned(
    site: Site, fleet: str, options: LearnLivesArguments, by: str, progress: Progress
) -> LivesLearned:
    every = lives_of(site, fleet)
    ended = _ended(fleet, every, options)
    version = site.lake.readings(fleet).version()
    readings = LifeReadings(site, fleet, version=version)
    spacing = readings.spacing(ended)
    courses, aside = _courses(readings, ended, spacing, progress)
    _require_enough(fleet, courses, aside)
    progress.step("Learning")
    cap = None if options.cap_days is None else options.cap_days * DAY_HOURS
    model = learn_life(*_together(courses, readings.layout), cap=cap)
    facts = LivesLearned(
        fleet=fleet,
        learned=now(),
        by=by,
        lives=len(courses),
        machines=len({one.life.asset for one in courses}),
        running=sum(not one.failed for one in every),
        outlasted=_outlasted(every, [one.life for one in courses]),
        cap_days=_days(model.cap),
        error_days=_days(model.error),
        longest_days=_days(max(one.rows.height for one in courses) * model.interval),
        coverage=model.remaining.coverage,
        from_repair=options.from_repair,
        every_seconds=spacing / 1e6,
        readings_version=version,
        windows=tuple(sorted({one.life.window or "" for one in courses})),
        aside=tuple(aside),
    )
    keep_life_model(site, model, facts)
    return facts


def _ended(fleet: str, every: Sequence[Life], options: LearnLivesArguments) -> list[Life]:
    """Return the lives to learn from."""
    ended = [one for one in every if one.failed and (one.number > 1 or not options.from_repair)]
    if len(ended) < FEWEST_LIVES:
        begun = " that began at a repair" if options.from_repair else ""
        raise InvalidRequest(
            f"fleet {fleet} has {len(ended)} lives{begun} that ended in a failure; at least "
            f"{FEWEST_LIVES} are needed to learn remaining life.",
            remedy=_TELL.format(fleet=fleet),
        )
    return ended


def _courses(
    readings: LifeReadings, ended: Sequence[Life], spacing: int, progress: Progress
) -> tuple[list[_Course], list[LifeAside]]:
    """Read lives; part those that can be learned from and the others."""
    progress.step("Reading lives", total=len(ended))
    courses, aside = [], []
    for life in ended:
        course = _Course(life, readings.of(life, spacing))
        why = _lacks(course)
        if why:
            aside.append(LifeAside(life=life, why=why))
        else:
            courses.append(course)
        progress.advance()
    kept, short = _long_enough(courses)
    return kept, aside + short


def _require_enough(fleet: str, kept: Sequence[_Course], aside: Sequence[LifeAside]) -> None:
    if len(kept) >= FEWEST_LIVES:
        return
    reasons = "; ".join(f"{one.life.asset}: {one.why}" for one in aside[:_REASONS])
    raise InvalidRequest(
        f"of {len(kept) + len(aside)} lives of fleet {fleet} that ended, {len(aside)} cannot "
        f"be learned from ({reasons}); {FEWEST_LIVES} must remain.",
        remedy="Bring in the readings that are missing, or correct the failures told of.",
    )


def _lacks(course: _Course) -> str:
    """Return what a life's readings lack; empty if they are its course."""
    life, rows = course.life, course.rows
    if rows.is_empty():
        return "it has no readings"
    if begins_late(life, rows):
        late = _length(rows["time"][0] - life.start)
        return f"its readings begin {late} after it was new or repaired"
    early = life.end - rows["time"][-1]
    if early > (life.end - life.start) * _MISSED:
        return f"its readings end {_length(early)} before the failure"
    return ""


def begins_late(life: Life, rows: pl.DataFrame) -> bool:
    """Whether readings of a life begin so late that they do not tell its age."""
    late: timedelta = rows["time"][0] - life.start
    return late > (life.end - life.start) * _MISSED


def _long_enough(courses: Sequence[_Course]) -> tuple[list[_Course], list[LifeAside]]:
    """Part lives from those too short to be learned from beside the others."""
    kept, aside = sorted(courses, key=lambda one: one.rows.height), []
    while kept and kept[0].rows.height < fewest_rows([one.rows.height for one in kept]):
        least = fewest_rows([one.rows.height for one in kept])
        short = kept.pop(0)
        why = f"it has {short.rows.height} readings, and at least {least} are needed"
        aside.append(LifeAside(life=short.life, why=why))
    return kept, aside


def _together(courses: Sequence[_Course], layout: Layout) -> tuple[pl.DataFrame, Layout]:
    """Return lives as one frame, each under a name of its own, and what is judged of them."""
    parts = [
        one.rows.with_columns(pl.lit(f"{number:06d}").alias("asset"))
        for number, one in enumerate(courses)
    ]
    rows = pl.concat(parts)
    # What was never measured while they lived tells nothing of how they ended.
    told = {name for name in rows.columns if rows[name].null_count() < rows.height}
    sensors = tuple(name for name in layout.sensors if name in told)
    context = tuple(name for name in layout.context if name in told)
    return rows, replace(layout, sensors=sensors, context=context)


def _outlasted(every: Sequence[Life], learned: Sequence[Life]) -> int:
    usual = median_high([one.end - one.start for one in learned])
    return sum(not one.failed and one.end - one.start > usual for one in every)


def _days(hours: float) -> float:
    return round(hours / DAY_HOURS, 3)


def _length(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    return f"{hours / DAY_HOURS:.0f} days" if hours >= 2 * DAY_HOURS else f"{hours:.0f} hours"
