"""All checks in their order; one that fails is a finding, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.machine.doctor import code, files, machine, network, processes, stores
from appliance.machine.doctor.finding import Check, Finding, Patient, broken

_log = get(__name__)

CHECKS: dict[str, Check] = {
    "versions": machine.versions,
    "disk": machine.disk,
    "memory": machine.memory,
    "clock": machine.clock,
    "files": files.modes,
    "database": stores.database,
    "audit": stores.audit,
    "lake": stores.lake,
    "care": stores.care,
    "processes": processes.roles,
    "ports": network.ports,
    "tls": network.tls,
    "ray": processes.ray,
    "sockets": network.sockets,
    "own code": code.confined,
}


def examine(patient: Patient) -> Iterator[Finding]:
    """Yield what is found, check by check."""
    for name, check in CHECKS.items():
        try:
            yield from check(patient)
        except KizashiError as error:
            yield broken(name, error.message, error.remedy)
        except Exception as error:  # noqa: BLE001 - a doctor that falls ill must say so
            _log.debug("check %s failed", name, exc_info=True)
            yield broken(
                name,
                f"it could not be looked at: {type(error).__name__}: {error}",
                "Repeat with --debug, and report this.",
            )
