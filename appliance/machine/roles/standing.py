"""``python -m appliance.machine.roles.standing ROLE --home DIR``: a role of several programs.

Ray's nodes are watched here, and a web process or worker has a node beside it on which no
tasks run: by it the same code works on a Ray of several machines as on one's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from appliance.core import log
from appliance.core.clock import monotonic
from appliance.core.errors import KizashiError
from appliance.core.settings import Settings, load_settings
from appliance.engine import node
from appliance.machine.process import program
from appliance.machine.roles.keeper import Keeper, Program

MODULE = "appliance.machine.roles.standing"
_LOOK_SECONDS = 3.0
_HEADS_SECONDS = 180.0
_log = log.get(__name__)
_NODE = "ray"
MODULES = {"web": "appliance.web", "worker": "appliance.worker"}
"""Roles of our own that have a node of Ray beside them."""


def main(arguments: list[str] | None = None) -> int:
    """Run the programs of a role until told to end; return the exit status."""
    parser = argparse.ArgumentParser(prog=MODULE)
    parser.add_argument("role", choices=[*MODULES, "ray-head", "ray-worker"])
    parser.add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(given.home)
        log.set_up(settings.log_level, settings.log_format)
        environment = dict(os.environ)  # noqa: TID251 - what the programs begin with as well
        keeper = Keeper(_programs(given.role, settings), environment)
        with _shown(given.role, settings, keeper):
            return keeper.serve()
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201 - as the shell does
        return 1


def _programs(role: str, settings: Settings) -> list[Program]:
    if role == "ray-head":
        # Again: on a busy machine Ray gives its own start up after half a minute.
        return [Program(_NODE, partial(node.head, settings), again=True)]
    member = Program(
        _NODE,
        partial(node.member, settings, works=role == "ray-worker"),
        due=_due(settings),
        again=True,
    )
    if role == "ray-worker":
        return [member]
    command, _ = program(settings.home, MODULES[role])
    return [member, Program(role, lambda: command)]


def _due(settings: Settings) -> Callable[[], bool]:
    """Return what tells that a node may join: once the head has one itself.

    A Ray of others may have other ports: there the head has had time enough after a while.
    """
    began: list[float] = []

    def ask() -> bool:
        if not node.answers(settings.ray_address, _LOOK_SECONDS):
            began.clear()
            return False
        began.append(monotonic())
        del began[1:]
        late = monotonic() - began[0] > _HEADS_SECONDS
        return late or node.head_answers(settings.ray_address, _LOOK_SECONDS)

    return ask


@contextmanager
def _shown(role: str, settings: Settings, keeper: Keeper) -> Iterator[None]:
    """Show how a node of Ray is; a web process or worker tells of itself."""
    if role in MODULES:
        yield
        return
    from appliance.metrics.endpoint import Endpoint  # a web process need not have it twice

    with Endpoint(settings, "ray", _metrics, ready=_well(settings, keeper)):
        yield


def _metrics() -> bytes:
    import psutil  # type: ignore[import-untyped]

    from appliance.metrics import exposition, of_processes

    own = psutil.Process()
    return exposition(of_processes("ray", [own, *own.children(recursive=True)]))


def _well(settings: Settings, keeper: Keeper) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return keeper.running(_NODE) and node.up(settings)
        except OSError as error:
            _log.debug("the address of this machine is not known: %s", error)
            return False

    return ask


if __name__ == "__main__":
    sys.exit(main())
