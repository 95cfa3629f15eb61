"""``python -m benchmarks.quality.coldstart``: what judges a machine that is new to its fleet.

One machine after the other of the demo plant is taken for a new one.  The others lend their
first days to the fleet's shared sub-model, which judges the new machine at once; beside it
stand, learned from the machine's last 1, 3, 7 and 14 days before the judged ones and from all
of them, the shared one at the machine's own level, and the machine's own models.  All judge the
same days: without faults, where every event is a false one, and with them.  Printed is also
which of them the platform would have chosen, by its trial on the machine's latest third where
it makes one, and what that choice was worth.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from appliance import __version__
from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.demo import plant
from appliance.demo.config import PlantConfig
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.artifact import draft_of, part_file, write_manifest, write_part
from appliance.fleet.chunks import Columns, assets_of, cut
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.levelling import lent_by
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.sharing import Sample, fit_shared, sample_of
from appliance.fleet.training import fit_fleet
from appliance.fleet.trying import is_young, try_own
from appliance.schemas.manifest import AssetManifest, FleetManifest
from benchmarks.harness.sets import counts, names
from detectors.errors import DetectorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.engine import Engine

_DAYS_A_MONTH = 30
_WARM_UP = timedelta(days=3)
SHARED, LEVELLED, OWN, CHOSEN = "shared", "shared, its level", "own", "as chosen"


@dataclass(frozen=True)
class Seen:
    """What was found of one machine.

    Attributes
    ----------
    false
        Events in the days without faults.
    found, faults
        Faults that an event touches which does not come without them, and all of them.
    own
        The machine's own model judged, not the shared one.
    """

    false: int
    found: int
    faults: int
    own: bool = True


def main(argv: Sequence[str]) -> int:
    """Print a line a fleet and judge, and one over all fleets."""
    options = _parser().parse_args(argv)
    with make("local", load_settings()) as engine:
        kept: dict[str, list[Seen]] = {}
        months = 0.0
        for fleet in options.fleets:
            found: dict[str, list[Seen]] = {}
            span = 0.0
            for seed in options.seeds:
                config = _config(options, seed)
                first = plant.assets(config, fleet)[: max(options.lenders, options.machines)]
                machines = [_Machine(config, fleet, name) for name in first]
                lent = Lent(machines, options.recipe)
                for own in machines[: options.machines]:
                    span += (config.days - config.training) / _DAYS_A_MONTH
                    for judge, one in of_machine(own, lent, options, engine):
                        found.setdefault(judge, []).append(one)
            _print(options, fleet, found, span)
            months += span
            for judge, some in found.items():
                kept.setdefault(judge, []).extend(some)
        _print(options, "all", kept, months)
    return 0


def _config(options: argparse.Namespace, seed: int) -> PlantConfig:
    return PlantConfig(seed=seed, days=options.days, interval_seconds=options.interval)


def of_machine(
    own: _Machine, lent: Lent, options: argparse.Namespace, engine: Engine
) -> Iterator[tuple[str, Seen]]:
    """Yield what each judge finds of a machine, by the judge's name."""
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        shared = lent.to(own.asset, Path(scratch) / "shared")
        by_shared = Seen(*own.seen(shared), own=False)
        yield SHARED, by_shared
        for days in options.after:
            after = f", {days} days"
            young = own.before(days)
            tried = _Tried(own.asset, young, shared)
            best = by_shared
            levelled = tried.levelled(Path(scratch) / f"levelled{days}")
            if levelled is not None:
                best = Seen(*own.seen(levelled), own=False)
                yield LEVELLED + after, best
            folder = Path(scratch) / f"own{days}"
            try:
                model = _learned(young, own.context, options.recipe, folder, engine)
            except InvalidRequest:
                yield CHOSEN + after, best
                continue
            by_own = Seen(*own.seen(model))
            yield OWN + after, by_own
            yield CHOSEN + after, by_own if tried.own_is_better() else best


class Lent:
    """What the machines of a fleet lend each other.

    Parameters
    ----------
    machines
        Known in good order for all days before the judged ones.
    """

    def __init__(self, machines: Sequence[_Machine], recipe: str) -> None:
        self._recipe = resolve(recipe)
        self._samples: list[Sample] = []
        self._entries: dict[str, AssetManifest] = {}
        for one in machines:
            known = one.before(None)
            self._layout = frames.guess(known, "asset", "time", one.context)
            rows = frames.normalise(known, self._layout)
            columns = Columns.of(self._recipe, self._layout.sensors, self._layout.context)
            [found] = assets_of(rows, columns)
            entry = fit_asset(one.asset, found.rows, columns.sensors, self._recipe).entry
            self._entries[one.asset] = entry
            self._samples.append(sample_of(found, entry, len(machines) - 1))

    def to(self, asset: str, folder: Path) -> FleetModel:
        """Return the shared sub-model of all machines but one."""
        others = [one for one in self._samples if one.asset != asset]
        sensors = self._layout.sensors
        made = fit_shared(others, self._entries, self._recipe, sensors)
        if made is None:
            raise InvalidRequest(f"the others have nothing to share with {asset}.")
        manifest = FleetManifest(
            code_version=__version__,
            recipe=self._recipe,
            sensors=sensors,
            context=self._layout.context,
            levels=self._layout.levels,
            parts=(),
            assets={},
        )
        return _alone(made, manifest, folder)


def _learned(
    known: pl.DataFrame, context: Sequence[str], recipe: str, folder: Path, engine: Engine
) -> FleetModel:
    layout = frames.guess(known, "asset", "time", list(context))
    rows = frames.normalise(known, layout)
    report = fit_fleet(cut(rows, 1), resolve(recipe), layout, folder, engine)
    return FleetModel(report.folder)


class _Tried:
    """What the platform makes of a young machine, beside a shared sub-model."""

    def __init__(self, asset: str, young: pl.DataFrame, shared: FleetModel) -> None:
        layout = frames.layout_of(shared.manifest)
        recipe = shared.manifest.recipe
        columns = Columns.of(recipe, layout.sensors, layout.context)
        [self._found] = assets_of(frames.normalise(young, layout), columns)
        self._asset, self._manifest = asset, shared.manifest
        lent = lent_by(shared.folder, recipe, columns)
        if lent is None:
            raise InvalidRequest(f"{shared.folder} lends nothing.")
        self._lent = lent

    def levelled(self, folder: Path) -> FleetModel | None:
        """Return the shared sub-model at the machine's level, if that can be learned."""
        made = self._lent.levelled(self._found)
        return None if made is None else _alone(made, self._manifest, folder)

    def own_is_better(self) -> bool:
        """Whether the platform lets the machine's own model take over."""
        if not is_young(self._found.rows):
            return True
        lent = self._lent
        try:
            return try_own(
                self._asset, self._found.rows, lent.sensors, lent.recipe, lent.shared
            ).better
        except (Unfit, DetectorError):
            return False


def _alone(made: Fitted, like: FleetManifest, folder: Path) -> FleetModel:
    """Return a model of nothing but a sub-model that is shared."""
    with draft_of(folder) as draft:
        [checksum] = write_part(draft, 0, [made.arrays])
        entry = made.entry.model_copy(update={"checksum": checksum})
        parts = (part_file(draft, 0),)
        write_manifest(draft, like.model_copy(update={"parts": parts, "shared": entry}))
    return FleetModel(folder)


class _Machine:
    """A machine with and without its faults, and what is found of it."""

    def __init__(self, config: PlantConfig, fleet: str, asset: str) -> None:
        self.asset = asset
        self._start = config.training_end
        self.context = [column.name for column in plant.fleet_kind(fleet).context]
        self.sound, self._faulty = (
            plant.generate_asset(config, fleet, asset, with_faults=faulty).with_columns(
                pl.lit(asset).alias("asset")
            )
            for faulty in (False, True)
        )
        self._faults = [one for one in plant.faults(config) if one.asset == asset]

    def before(self, days: int | None) -> pl.DataFrame:
        """Return its last days before the judged ones, in good order; all if not given."""
        known = self.sound.filter(pl.col("time") < self._start)
        if days is None:
            return known
        return known.filter(pl.col("time") >= self._start - timedelta(days=days))

    def seen(self, model: FleetModel) -> tuple[int, int, int]:
        """Return false events, faults found, and faults."""
        false = list(self._events(model, self.sound))
        real = [span for span in self._events(model, self._faulty) if not _touched(span, false)]
        found = sum(_touched((fault.start, fault.end), real) for fault in self._faults)
        return len(false), found, len(self._faults)

    def _events(
        self, model: FleetModel, frame: pl.DataFrame
    ) -> Iterable[tuple[datetime, datetime]]:
        near = frame.filter(pl.col("time") >= self._start - _WARM_UP)
        events = model.events(model.score(near)).filter(
            pl.col("kind") == "anomaly", pl.col("start") >= self._start
        )
        rows: list[tuple[datetime, datetime]] = events.select("start", "end").rows()
        return rows


def _touched(
    span: tuple[datetime, datetime], others: Iterable[tuple[datetime, datetime]]
) -> bool:
    return any(start <= span[1] and span[0] <= end for start, end in others)


def _print(
    options: argparse.Namespace, fleet: str, found: dict[str, list[Seen]], months: float
) -> None:
    for judge, seen in found.items():
        share = len(seen) / max(len(found[SHARED]), 1)
        span = months * share
        line = {
            "set": "cold start",
            "fleet": fleet,
            "judge": judge,
            "machines": len(seen),
            "asset_months": round(span, 2),
            "false": sum(one.false for one in seen),
            "per_asset_month": round(sum(one.false for one in seen) / span, 2),
            "found": sum(one.found for one in seen),
            "faults": sum(one.faults for one in seen),
            "own": sum(one.own for one in seen),
        }
        print(json.dumps(line) if options.json else _shown(line), flush=True)


def _shown(line: dict[str, Any]) -> str:
    return (
        f"{line['fleet']:<10} {line['judge']:<18} {line['machines']:>3} machines: "
        f"{line['per_asset_month']:>6g} false events an asset-month, {line['found']} of "
        f"{line['faults']} faults; {line['own']} by their own"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.coldstart", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--fleets", type=names, default=list(plant.FLEETS), metavar="A,B,…")
    parser.add_argument("--seeds", type=counts, default=[7], metavar="N,…")
    parser.add_argument("--after", type=counts, default=[1, 3, 7, 14, 40], metavar="DAYS,…")
    parser.add_argument("--days", type=int, default=60, help="two thirds are learned from")
    parser.add_argument("--interval", type=int, default=300, help="seconds between readings")
    parser.add_argument("--machines", type=int, default=4, help="the first of each fleet")
    parser.add_argument(
        "--lenders", type=int, default=7, help="machines of a fleet that lend to each other"
    )
    parser.add_argument("--recipe", default="auto", help="name or file of a recipe")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
