"""Pipelines that do next to nothing, and a worker that runs them: for tests only.

Each step writes a line into a file, so that it can be seen how often it was done.  What it is
to wait for, or to die of, is told in its arguments.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import appliance.worker.__main__ as entry
import appliance.worker.run as running
import appliance.worker.worker as loop
from appliance.core.errors import InvalidRequest, TryAgain
from appliance.core.log import get
from appliance.engine.stop import current
from appliance.jobs.terms import Patience, Place, Terms
from appliance.pipelines.spec import Call, Spec
from appliance.schemas.access import Right
from appliance.schemas.base import Schema

QUICK = Patience(attempts=4, engine_attempts=2, pause=timedelta(milliseconds=10))


class ToyArguments(Schema):
    """What a toy does.

    Attributes
    ----------
    file
        Where each step writes a line.
    steps
        How many.
    gate
        A file without which the second step does not end.
    die_in, die_after
        Steps in which, and after which (but before it is kept), the process is killed once.
    fail_in, again
        Step that fails as long as the file ``FILE.good`` is missing, and how often one fails in
        a way that passes.
    """

    file: str
    steps: int = 3
    gate: str | None = None
    die_in: int | None = None
    die_after: int | None = None
    fail_in: int | None = None
    again: int = 0


def _once(told: ToyArguments, what: str) -> bool:
    marker = Path(f"{told.file}.{what}")
    if marker.exists():
        return False
    marker.touch()
    return True


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _step(call: Call, number: int) -> dict[str, int]:
    told: ToyArguments = call.arguments
    with Path(told.file).open("a") as handle:
        handle.write(f"{number} {call.job} {os.getpid()}\n")
    call.progress.step(f"part {number}", total=2)
    call.progress.advance()
    if told.die_in == number and _once(told, "died-in"):
        _die()
    if number == 2 and told.gate:
        while not Path(told.gate).exists():
            current().wait(0.02)
            current().check()
    if told.again and number == 2 and sum(_once(told, f"again-{n}") for n in [_tries(told)]):
        raise TryAgain("somebody was in the way.")
    if told.fail_in == number and not Path(f"{told.file}.good").exists():
        raise InvalidRequest("it cannot be.", remedy="Be good.")
    call.progress.advance()
    if told.die_after == number and _once(told, "died-after"):
        # The step is over for others to see, but what it gave is not kept yet.
        store = running.RunStore
        real = store.end_step

        def deadly(*args: object, **kwargs: object) -> bool:
            real(*args, **kwargs)
            _die()
            return True

        store.end_step = deadly
    return {"number": number}


def _tries(told: ToyArguments) -> int:
    made = len(list(Path(told.file).parent.glob(f"{Path(told.file).name}.again-*")))
    return min(made, told.again - 1)


def _toy(call: Call) -> object:
    told: ToyArguments = call.arguments
    found = [
        call.steps.run(f"step {n}", dict[str, int], lambda n=n: _step(call, n))
        for n in range(1, told.steps + 1)
    ]
    return {"numbers": [one["number"] for one in found]}


def forever(marker: str) -> None:
    """Be an item of a Ray task that takes as long as anybody lets it."""
    Path(marker).write_text(str(os.getpid()))
    while True:
        time.sleep(1)


def _long(call: Call) -> object:
    told: ToyArguments = call.arguments
    markers = [f"{told.file}.task-{number}" for number in range(2)]

    def work() -> int:
        with call.site.engine(None) as engine:
            return len(list(engine.map(forever, markers)))

    return call.steps.run("work", int, work)


def saying(number: int) -> int:
    """Be an item of a task that writes to the log."""
    get("appliance.toys").warning("item %d has token=hunter2hunter2", number)
    return number


def _telling(call: Call) -> object:
    def work() -> int:
        with call.site.engine(None) as engine:
            return len(list(engine.map(saying, [0, 1])))

    return call.steps.run("work", int, work)


def _terms(name: str, **facts: object) -> Terms:
    return Terms(
        name=name,
        summary="A toy.",
        arguments=ToyArguments,
        right=Right.SCORE,
        place=Place.EITHER,
        patience=QUICK,
        **facts,
    )


TERMS: Mapping[str, Terms] = {
    one.name: one
    for one in (
        _terms("toy"),
        _terms("alone", lane="alone"),
        _terms("hasty", timeout=timedelta(seconds=0.5)),
        _terms("long"),
        _terms("telling"),
    )
}


def run() -> None:
    """Be a worker that knows the toys alone."""
    runs = {"long": _long, "telling": _telling}
    specs = {name: Spec(terms, runs.get(name, _toy)) for name, terms in TERMS.items()}
    running.catalog = loop.catalog = lambda: specs
    quick = loop.Pace(beat=0.2, patience=float(os.environ.get("TOY_PATIENCE", "60")))
    loop.Pace = lambda: quick
    entry.run()


if __name__ == "__main__":
    run()
