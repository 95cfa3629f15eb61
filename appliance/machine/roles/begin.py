"""A role begun: everything that it shares placed, what it needs waited for, then it itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, NoReturn

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.settings import Settings
from appliance.engine import node
from appliance.machine.process import program
from appliance.machine.roles import kernels, placing, waiting
from appliance.machine.roles.standing import MODULE, MODULES

ROLES: Final = ("web", "worker", "ray-head", "ray-worker")
"""What runs until it is told to end."""


def become(settings: Settings, role: str, given: Mapping[str, str]) -> NoReturn:
    """Go on as the programs of a role.

    Parameters
    ----------
    settings
        Of the container.
    role
        One of `ROLES`.
    given
        The environment so far.

    Raises
    ------
    InvalidRequest
        A shared secret is missing, or the address of Ray.
    StorageError
        The database does not answer, or the home cannot be written.
    """
    placing.place(settings.home, settings.secrets_from)
    if role == "ray-worker" and not settings.ray_address:
        raise InvalidRequest(
            "a worker of Ray needs the address of its head.",
            remedy="Set KIZASHI_RAY_ADDRESS to HOST:6379.",
        )
    environment = {**given, **kernels.environment(settings.home)}
    cluster = role not in MODULES or bool(settings.ray_address)
    if cluster:
        environment |= node.environment(settings)
    if role in MODULES:
        waiting.wait_for(settings.database, "database")
    _note(settings, role)
    module = MODULE if cluster else MODULES[role]
    command, folder = program(settings.home, module)
    if cluster:
        place = command.index(module) + 1
        command = (*command[:place], role, *command[place:])
    os.chdir(folder)
    os.execve(command[0], command, environment)  # noqa: S606 - our own command


def _note(settings: Settings, role: str) -> None:
    """Tell the container's check of health where to ask."""
    ports = {
        "web": settings.port,
        "worker": settings.worker_metrics_port,
        "ray-head": settings.ray_metrics_port,
        "ray-worker": settings.ray_metrics_port,
    }
    path = settings.home / "run" / "ready_url"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        if ports[role]:
            path.write_text(f"https://127.0.0.1:{ports[role]}/readyz\n", "ascii")
    except OSError as error:
        raise StorageError(
            f"the home {settings.home} cannot be written: {error.strerror}.",
            remedy="Give the container a volume there that its user may write to.",
        ) from error
