"""``fleet_fit``: from the lake to a saved fleet model, against PyOD on all cores."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.harness import options
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import Size, scratch
from benchmarks.harness.processes import run

GOALS = {"fit": 60.0, "fit_with_ray": 50.0}
"""Of forests, by rival: PyOD's isolation forest on all cores by joblib, by plain Ray tasks."""
GOAL_OF_AUTO = 1.0
"""The best recipe for the time of the cheapest rival."""
_NAMES = {"fit": "PyOD IForest, joblib", "fit_with_ray": "PyOD IForest, Ray tasks"}


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = options.parser("fleet_fit", __doc__ or "", "10,100,1000")
    options.with_engines(parser).add_argument(
        "--stages", action="store_true", help="where the time goes, on one thread"
    )
    parser.add_argument("--recipe", default="forest", help="what ours learns: forest or auto")
    parser.add_argument("--rival", default="fit", help="fit (joblib), fit_with_ray, or both")
    given = parser.parse_args(argv)
    printer = Printer(as_json=given.json)
    for size in options.sizes(given):
        with scratch(given.scratch) as folder:
            run("plant:lake_and_files", root=str(folder), size=size.data())
            if given.stages:
                print(json.dumps(run("stages:fit", root=str(folder)).facts, indent=1))
            else:
                for line in _lines(size, folder, given):
                    printer.show(line)
    return 0


def _lines(size: Size, folder: Path, given: argparse.Namespace) -> list[Line]:
    engines, rivals = options.engines(given), str(given.rival).split(",")
    done, recipe = min(size.assets, given.rival_assets), str(given.recipe)

    def ours(engine: str) -> options.Side:
        return lambda number: run(
            "ours:fit",
            root=str(folder),
            out=str(folder / f"{engine}-{number}"),
            engine=engine,
            recipe=recipe,
        )

    def theirs(rival: str) -> options.Side:
        return lambda number: run(
            f"rivals:{rival}",
            root=str(folder),
            out=str(folder / f"{rival}-{number}"),
            assets=done,
        )

    runs = options.in_turn(given.repeat, *map(ours, engines), *map(theirs, rivals))
    own, others = runs[: len(engines)], runs[len(engines) :]
    return [
        _line(size, f"{recipe}, {engine}", rival, mine, other)
        for rival, other in zip(rivals, others, strict=True)
        for engine, mine in zip(engines, own, strict=True)
    ]


def _line(size: Size, case: str, against: str, own: options.Runs, other: options.Runs) -> Line:
    ours, rival = own[0], other[0]
    done = rival.facts["assets"]
    seconds = rival.seconds * size.assets / done
    reckoned = "" if done == size.assets else f", rival reckoned from {done}"
    recipe, engine = case.split(", ")
    goal = GOALS[against] if size.assets >= 1_000 else None
    return Line(
        name="fleet_fit",
        case=f"{size.case}, {case}, {_NAMES[against]}{reckoned}",
        ours=ours.seconds,
        rival=seconds,
        unit="s",
        ratio=seconds / ours.seconds,
        goal=goal if recipe == "forest" else GOAL_OF_AUTO,
        peak_mb=options.peak(own),
        rival_peak_mb=options.peak(other),
        more={
            **size.data(),
            "recipe": recipe,
            "engine": engine,
            "assets_done": ours.facts["assets"],
            "rival_name": _NAMES[against],
            "rival_assets": done,
            "model_kb_asset": ours.facts["model_bytes"] / ours.facts["assets"] / 1e3,
            "rival_model_kb_asset": rival.facts["model_bytes"] / done / 1e3,
            **options.times(own, other, times_done=size.assets / done),
            "repeats": len(own),
        },
    )
