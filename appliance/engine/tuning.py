"""A race on Ray Tune: each alternative a trial, and ASHA gives up those that fall behind."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ray import tune
from ray.tune.schedulers import ASHAScheduler
from typing_extensions import override

from appliance.core.errors import EngineError
from appliance.engine import own
from appliance.engine.meter import AloneInProcess, Used, count
from appliance.engine.race import MERIT, REDUCTION, Item, Lap, Standing, Watch
from appliance.engine.stop import Stop, current

_WORST = -1.0e9
"""Merit of an alternative that cannot run a lap: Ray Tune takes no infinity."""


def run(
    lap: Lap[Item], items: Sequence[Item], laps: int, workers: int, told: Watch
) -> list[Standing]:
    """Run a race on the Ray that this process is connected to; see `Engine.race`."""
    folder = tempfile.mkdtemp(prefix="tune-", dir=own.folder())
    watch = _Told(told, current())
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(_trial, lap=lap, items=items), {"cpu": 1}),
        param_space={"number": tune.grid_search(list(range(len(items)))), "laps": laps},
        tune_config=tune.TuneConfig(
            metric=MERIT,
            mode="max",
            scheduler=ASHAScheduler(
                time_attr="laps", max_t=laps, grace_period=1, reduction_factor=REDUCTION
            ),
            max_concurrent_trials=workers,
        ),
        run_config=tune.RunConfig(
            name="race",
            storage_path=folder,
            verbose=0,
            callbacks=[watch],
            stop=watch.should_end,
            failure_config=tune.FailureConfig(max_failures=1),
        ),
    )
    try:
        tuner.fit()
    finally:
        watch.settle()
        shutil.rmtree(folder, ignore_errors=True)
    watch.stop.check()
    if not watch.standings:
        raise EngineError("Ray Tune lost every trial.", remedy="Repeat the command.")
    return [watch.standings.get(number, Standing(number)) for number in range(len(items))]


def _trial(config: dict[str, Any], lap: Lap[Any], items: Sequence[Any]) -> None:
    """Run the laps of one alternative; in a process of Ray Tune."""
    gauge, standing = AloneInProcess(), Standing(config["number"])
    for number in range(config["laps"]):
        try:
            standing = standing.after(lap(items[standing.number], number))
        except Exception as error:  # noqa: BLE001 - it is this alternative's end, not the race's
            told = f"{type(error).__name__}: {error}"
            _report(Standing(standing.number, standing.laps, {}, told), gauge, config["laps"])
            return
        _report(standing, gauge, standing.laps)


def _report(standing: Standing, gauge: AloneInProcess, laps: int) -> None:
    merit = standing.figures.get(MERIT, _WORST)
    found = merit if math.isfinite(merit) else _WORST
    tune.report(
        {
            MERIT: found,
            "laps": laps,
            "standing": asdict(standing),
            "used": asdict(gauge.used()),
        }
    )


class _Told(tune.Callback):  # type: ignore[misc]  # Ray Tune says nothing of its types
    """Passes on how far trials are, and ends them where somebody asked for it."""

    def __init__(self, told: Watch, stop: Stop) -> None:
        self._told = told
        self.stop = stop
        self.standings: dict[int, Standing] = {}
        self._used: dict[str, Used] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Be nobody where Ray Tune keeps its settings: it is of this process."""
        return (_unheard, ())

    def should_end(self, trial_id: str, result: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether a trial is to end after this result."""
        return self.stop.asked

    @override
    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        standing = Standing(**result["standing"])
        machines = tuple((str(k), int(n)) for k, n in result["used"].pop("machines"))
        self._used[trial.trial_id] = Used(**result["used"], machines=machines)
        self.standings[standing.number] = standing
        self._told(standing)

    def settle(self) -> None:
        """Count what the trials have used."""
        for used in self._used.values():
            count(used)


def _unheard() -> _Told:
    """Return one that tells nobody."""
    return _Told(lambda _: None, Stop())
