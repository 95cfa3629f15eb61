"""Code of the site's own people: what keeps it from the rest of the home."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.machine.doctor.finding import Finding, Patient, fine, note, warning
from appliance.notebooks import confinement

_SIGNALS_FROM = 6


def confined(patient: Patient) -> Iterator[Finding]:
    """Whether notebooks and own steps see their own folders alone."""
    if patient.settings.notebooks_pods is not None:
        yield fine("own code", "notebooks run in pods of their own.")
        return
    known = confinement.version()
    if not known:
        yield warning(
            "own code",
            "this machine has no Landlock: notebooks and own steps can read whatever the "
            "appliance's user can, secrets too.",
            "Use Linux 5.13 or newer, or give the right register_code only to those who may "
            "see everything.",
        )
    elif known < _SIGNALS_FROM:
        yield note(
            "own code",
            "notebooks and own steps see their own folders alone, by Landlock; before Linux "
            "6.12 they may still end processes of the appliance's user.",
        )
    else:
        yield fine("own code", "notebooks and own steps see their own folders alone.")
