"""How a site in a cluster is told of: what was looked at, that it is up, how it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import print_json, print_table

if TYPE_CHECKING:
    from appliance.install.cluster.doing import Work
    from appliance.install.cluster.plan import Place, Told
    from appliance.install.cluster.preflight import Check
    from appliance.install.cluster.rollout import Part
    from appliance.install.cluster.status import Status

_FORWARDED = "nothing leads to it from outside; this does, at https://127.0.0.1:8443:"


def print_check(found: list[Check], *, as_json: bool) -> None:
    """Print what was looked at; end with status 1 if something is wrong."""
    from appliance.install.cluster.preflight import State

    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            print(f"{one.state:<6}{one.name}: {one.text}")
            if one.remedy:
                print(f"      → {one.remedy}")
    if any(one.state is State.WRONG for one in found):
        raise typer.Exit(1)


def password(place: Place) -> str:
    """Return the admin's first password.

    Raises
    ------
    NotFound
        The cluster keeps none.
    """
    from appliance.core.errors import NotFound
    from appliance.install.cluster import status as looking

    found = looking.admin_password(place)
    if not found:
        raise NotFound(
            "the site's Secret holds no password of the admin.",
            remedy="Give the admin a new one, in a pod: kizashi user password admin.",
        )
    return found


def print_up(work: Work, told: Told, password: str, *, as_json: bool) -> None:
    """Print where a site is that is up now, and who may log in.

    Parameters
    ----------
    password
        The admin's first one; empty if it is not to be told.
    """
    from appliance.install.cluster import status as looking

    url, seconds = looking.address(work.place), sum(one.seconds for one in told.steps)
    if as_json:
        print_json(
            {
                "ready": True,
                "url": url,
                "name": work.place.name,
                "namespace": work.place.namespace,
                "context": work.place.context,
                "seconds": seconds,
                "steps": [asdict(one) for one in told.steps],
                "notes": told.notes,
            }
            | ({"user": "admin", "password": password} if password else {})
        )
        return
    for one in told.notes:
        print(f"Note: {one}.")
    print(f"Kizashi is ready after {seconds:.0f} s: {url or _FORWARDED}")
    if not url:
        print(f"  {looking.forward_command(work.place)}")
    if not password:
        return
    print(f"user: admin\npassword: {password}")
    print("It is the first one, kept in the cluster: kizashi cluster status --password.")


def print_status(told: Status, forwarding: str) -> None:
    """Print how a site is; `forwarding` is what leads to it where nothing else does."""
    print(f"{'ready' if told.ready else 'not ready'}: {told.url or forwarding}")
    print(f"version {told.version}, revision {told.revision} ({told.state})")
    rows = [
        (one.role, f"{one.ready}/{one.wanted}", _size(one), "; ".join(one.why))
        for one in told.parts
    ]
    print_table(("role", "ready", "asks for", ""), rows, right="lrll")
    print(
        f"asks for {told.cpu:g} cores, {told.memory_bytes / 2**30:.1f} GiB of memory and "
        f"{told.storage_bytes / 2**30:.0f} GiB of volumes: about {told.monthly_usd:.0f} USD a "
        "month where that is paid by the hour"
    )


def _size(one: Part) -> str:
    return f"{one.cpu:g} cores, {one.memory / 2**30:.2f} GiB"


def state(one: Part) -> str:
    """Return how a part is, in words."""
    return "ready" if one.is_ready else "; ".join(one.why) or "not ready"
