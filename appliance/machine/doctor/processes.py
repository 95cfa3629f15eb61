"""The processes, and Ray among them."""

from __future__ import annotations

from collections.abc import Iterator

import psutil  # type: ignore[import-untyped]

from appliance.engine import shared
from appliance.machine import serving
from appliance.machine.doctor.finding import Finding, Patient, broken, fine, note
from appliance.machine.process import READY

_MUST = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
_MEANING = {
    "RAY_AUTH_MODE": "it answers whoever reaches it, without a token",
    "RAY_USAGE_STATS_ENABLED": "it reports statistics of its use to its makers",
}


def roles(patient: Patient) -> Iterator[Finding]:
    """Each is ready, or none is up."""
    found = serving.status(patient.supervisor, "").roles
    if set(found.values()) == {"stopped"}:
        yield note("processes", "the appliance is not up.", "kizashi up")
        return
    for role, state in found.items():
        if state in READY:
            yield fine("processes", f"{role} is {state}")
        elif state == "starting":
            yield note("processes", f"{role} is starting.", f"kizashi logs {role}")
        else:
            yield broken("processes", f"{role} is {state}.", f"kizashi logs {role}")


def ray(patient: Patient) -> Iterator[Finding]:
    """It tells its address, asks for a token, and reports to nobody."""
    settings = patient.settings
    if settings.ray_address:
        yield note("ray", f"it is another's, at {settings.ray_address}: not looked at.")
        return
    address = shared.find(settings.home, patience=0)
    if address is None:
        return  # `roles` says so, or that it is asleep
    wrong = {name for one in _rays(patient) for name in _wrong(one)}
    for name in sorted(wrong):
        yield broken("ray", f"{_MEANING[name]}.", "kizashi down, then kizashi up")
    if not wrong:
        yield fine("ray", f"{address} asks for the token, usage statistics are off")


def _rays(patient: Patient) -> list[psutil.Process]:
    state = patient.supervisor.states().get("ray")
    if state is None or not state.process:
        return []
    try:
        return list(psutil.Process(state.process).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _wrong(process: psutil.Process) -> list[str]:
    try:
        environment = process.environ()
    except psutil.Error:
        return []  # it has just ended
    if not environment or not process.is_running():
        return []
    return [name for name, value in _MUST.items() if environment.get(name) != value]
