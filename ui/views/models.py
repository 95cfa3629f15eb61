"""Models: who alarms in each fleet, what waits, and a fleet's versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.backtest import Backtest
from appliance.schemas.backtest import Figures as Worth
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.model import CHALLENGER, CHAMPION, ModelVersion
from ui import api, controls, formats, frame, theme
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Deed, Row, table
from ui.learning import deeds, lists, training
from ui.learning.recipes import recipes
from ui.learning.words import called
from ui.text import t

_PARTS = ("versions", "comparisons", "recipes", "history")
_MOST = 100
_MOST_FLEETS = 60


def show() -> None:
    """Draw the models of the fleet that the address names, or of all fleets."""
    plant = api.plant()
    fleets = {one.fleet: one for one in plant.fleets()}
    fleet = _head(sorted(fleets))
    if not fleets:
        frame.empty(t("models.none_title"), t("models.none_text"), ":material/model_training:")
    elif fleet:
        _one(plant, fleets[fleet])
    else:
        _all(plant, list(fleets.values()))


def _head(fleets: Sequence[str]) -> str:
    """Draw title and controls; return the fleet that the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("models.title"), anchor=False, width="stretch")
        return controls.fleet(fleets, clears=("job", "recipe"))


# ---------------------------------------------------------------- all fleets
def _all(plant: Plant, fleets: Sequence[FleetSummary]) -> None:
    waiting = list(plant.approvals())
    ordered = sorted(fleets, key=lambda one: (-one.open_events, one.fleet))
    shown = [(one, _of(plant, one)) for one in ordered[:_MOST_FLEETS]]
    figures(_all_figures(fleets, shown, len(waiting)))
    lists.waiting(waiting)
    asked = {one.fleet: one.version for one in waiting}
    columns = [
        Column(t("models.fleet")),
        Column(t("models.champion")),
        Column(t("models.recipe")),
        Column(t("models.learned_until")),
        Column(t("models.promised"), "number"),
        Column(t("models.waits")),
    ]
    with st.container(border=True):
        st.markdown(f"**{t('models.fleets')}**")
        zone = plant.zone()
        rows = [_fleet(fleet, made, asked, zone) for fleet, made in shown]
        table(columns, rows, label=t("models.fleets"), key="fleets")
        if len(fleets) > len(shown):
            st.caption(t("models.more_fleets", n=formats.number(len(fleets) - len(shown))))


def _of(plant: Plant, fleet: FleetSummary) -> list[ModelVersion]:
    """Return a fleet's versions back to its champion, newest first."""
    made: list[ModelVersion] = []
    if fleet.champion is not None:
        for one in islice(plant.fleet(fleet.fleet).models(), _MOST):
            made.append(one)
            if CHAMPION in one.aliases:
                break
    return made


def _all_figures(
    fleets: Sequence[FleetSummary],
    shown: Sequence[tuple[FleetSummary, list[ModelVersion]]],
    waiting: int,
) -> list[Figure]:
    trained = sum(one.champion is not None for one in fleets)
    champions = [one for _, made in shown for one in made if CHAMPION in one.aliases]
    challengers = sum(CHALLENGER in one.aliases for _, made in shown for one in made)
    oldest = min((one.lineage.data_end for one in champions), default=None)
    return [
        Figure(
            t("models.with_model"),
            formats.number(trained),
            t("models.of_fleets", n=formats.number(len(fleets))),
        ),
        Figure(t("models.waiting"), formats.number(waiting), t("models.waiting_note")),
        Figure(t("models.challengers"), formats.number(challengers), t("models.shadow")),
        Figure(
            t("models.oldest"),
            formats.span(None if oldest is None else now() - oldest),
            t("models.oldest_note"),
        ),
    ]


def _fleet(
    fleet: FleetSummary,
    made: Sequence[ModelVersion],
    asked: Mapping[str, int],
    zone: ZoneInfo,
) -> Row:
    champion = next((one for one in made if CHAMPION in one.aliases), None)
    machines = t("models.machines", n=formats.number(fleet.assets))
    name = Cell(fleet.fleet, below=machines, address=f"/models?fleet={fleet.fleet}")
    if champion is None:
        none = Cell(t("models.no_model"))
        return Row(fleet.fleet, [name, none, Cell("–"), Cell("–"), Cell("–"), Cell("")])
    challenger = next((one for one in made if CHALLENGER in one.aliases), None)
    waits = ""
    if challenger is not None:
        waits = t("models.challenger_is", version=challenger.version)
    below = t("models.asks") if fleet.fleet in asked else ""
    colour = theme.tokens()["plan"] if below else ""
    since = t("models.made_ago", ago=formats.ago(champion.created, now()))
    return Row(
        fleet.fleet,
        [
            name,
            Cell(t("models.version", n=champion.version), below=since),
            Cell(called(champion.lineage.recipe.name)),
            Cell(formats.day(champion.lineage.data_end, zone)),
            Cell(_promised(champion)),
            Cell(waits, below=below, colour=colour),
        ],
    )


def _promised(version: ModelVersion) -> str:
    return f"{version.lineage.recipe.threshold.false_alarms_per_month:g}"


# ---------------------------------------------------------------- one fleet
def _one(plant: Plant, fleet: FleetSummary) -> None:
    handle, top = plant.fleet(fleet.fleet), st.container()
    busy = training.running(plant, fleet)
    # Asked for after the jobs: what one of them has just made is among the versions.
    fleet = handle.get()
    versions = list(islice(handle.models(), _MOST))
    compared = list(islice(handle.backtests(), _MOST)) if versions else []
    observed = _observed(compared)
    with top:
        figures(_figures(plant, fleet, versions, observed))
    if not busy and api.may("train", fleet.project):
        training.offered(plant, fleet, versions)
    lists.waiting([one for one in plant.approvals() if one.fleet == fleet.fleet])
    part = controls.segments(
        "part",
        _PARTS,
        _PARTS[0],
        label=t("models.part"),
        words=lambda name: t(f"models.part_{name}"),
        clears=("recipe",),
    )
    if part == "recipes":
        recipes(plant, fleet)
    elif part == "history":
        lists.history(plant, fleet)
    elif part == "comparisons":
        lists.comparisons(plant, fleet, versions, compared)
    elif versions:
        _versions(plant, fleet, versions, observed)
    else:
        frame.empty(t("models.untrained_title"), t("models.untrained_text"))


def _observed(compared: Sequence[Backtest]) -> dict[int, Worth]:
    """Return the latest figures of each version that was compared."""
    found: dict[int, Worth] = {}
    for one in compared:
        for side in (one.candidate, one.champion):
            if side is not None and side.model_version is not None:
                found.setdefault(side.model_version, side.figures)
    return found


def _figures(
    plant: Plant,
    fleet: FleetSummary,
    versions: Sequence[ModelVersion],
    observed: Mapping[int, Worth],
) -> list[Figure]:
    zone = plant.zone()
    champion = next((one for one in versions if CHAMPION in one.aliases), None)
    challenger = next((one for one in versions if CHALLENGER in one.aliases), None)
    if champion is None:
        return [
            Figure(t("models.champion"), "–", t("models.no_model")),
            Figure(t("models.machines_title"), formats.number(fleet.assets)),
            Figure(t("models.readings"), formats.number(fleet.rows)),
        ]
    lineage = champion.lineage
    worth = observed.get(champion.version)
    seen = t("models.not_compared")
    if worth is not None:
        seen = t("models.observed_rate", n=formats.number(worth.false_alarms.value, 2))
    waits = t("models.no_challenger")
    if challenger is not None:
        waits = t("models.made_ago", ago=formats.ago(challenger.created, now()))
    return [
        Figure(
            t("models.champion"),
            t("models.version", n=champion.version),
            f"{called(lineage.recipe.name)} · {formats.ago(champion.created, now())}",
        ),
        Figure(
            t("models.learned_until"),
            formats.day(lineage.data_end, zone),
            t("models.learned_since", start=formats.day(lineage.data_start, zone)),
        ),
        Figure(t("models.promised"), _promised(champion), seen),
        Figure(
            t("models.challenger"),
            "–" if challenger is None else t("models.version", n=challenger.version),
            waits,
        ),
    ]


def _versions(
    plant: Plant,
    fleet: FleetSummary,
    versions: Sequence[ModelVersion],
    observed: Mapping[int, Worth],
) -> None:
    columns = [
        Column(t("models.number")),
        Column(t("models.recipe")),
        Column(t("models.learned")),
        Column(t("models.machines_title"), "number"),
        Column(t("models.promised"), "number"),
        Column(t("models.made_by")),
    ]
    may = {right: api.may(right, fleet.project) for right in ("train", "promote")}
    offered = {}
    if may["train"]:
        offered["compare"] = t("models.compare")
    if may["promote"]:
        offered["promote"] = t("model.promote")
    with st.container(border=True):
        st.markdown(f"**{t('models.versions')}**")
        zone = plant.zone()
        rows = [_version(one, observed, list(offered), zone) for one in versions]
        deed = table(columns, rows, label=t("models.versions"), key="versions", deeds=offered)
        st.caption(t("models.versions_note"))
    if deed:
        _do(plant, fleet, deed)


def _do(plant: Plant, fleet: FleetSummary, deed: Deed) -> None:
    handle, version = plant.fleet(fleet.fleet), int(deed.rows[0])
    if deed.name == "promote":
        deeds.promote(handle, version, fleet.champion)
    else:
        deeds.asked(handle.backtest(version=version).id)


def _version(
    one: ModelVersion, observed: Mapping[int, Worth], offered: Sequence[str], zone: ZoneInfo
) -> Row:
    lineage = one.lineage
    alias = next((name for name in (CHAMPION, CHALLENGER) if name in one.aliases), "")
    worth = observed.get(one.version)
    seen = ""
    if worth is not None:
        seen = t("models.observed", n=formats.number(worth.false_alarms.value, 2))
    derived = ""
    if lineage.derived_from is not None:
        derived = t("models.derived", version=lineage.derived_from)
    failed = t("models.failed_machines", n=len(lineage.failures)) if lineage.failures else ""
    colours = {CHAMPION: theme.tokens()["accent"], CHALLENGER: theme.CATEGORIES[4]}
    return Row(
        str(one.version),
        [
            Cell(
                t("models.version", n=one.version),
                below=t(f"models.is_{alias}") if alias else "",
                address=f"/model?fleet={one.fleet}&version={one.version}",
                colour=colours.get(alias, ""),
            ),
            Cell(called(lineage.recipe.name), below=derived),
            Cell(
                f"{formats.day(lineage.data_start, zone)} – "
                f"{formats.day(lineage.data_end, zone)}"
            ),
            Cell(formats.number(lineage.assets), below=failed),
            Cell(_promised(one), below=seen),
            Cell(formats.who(lineage.by or ""), below=formats.ago(one.created, now())),
        ],
        deeds=[] if alias == CHAMPION else offered,
    )
