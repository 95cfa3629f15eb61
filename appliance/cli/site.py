"""``kizashi site`` and ``kizashi serve``: many sites behind one gateway."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.cli.access import me
from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from appliance.schemas.gateway import Invitation, MemberSite, Waiting

NAME = typer.Argument(help="What the gateway calls the site.")
_TRUE = "true"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Many sites behind one gateway.", no_args_is_help=True, rich_markup_mode=None
    )
    commands: Mapping[str, Callable[..., None]] = {
        "invite": invite,
        "join": join,
        "leave": leave,
        "status": status,
        "list": list_sites,
        "remove": remove,
        "outbox": outbox,
        "drop": drop,
        "copy-model": copy_model,
    }
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="site")
    serving = typer.Typer(
        help="Serve in this shell.", no_args_is_help=True, rich_markup_mode=None
    )
    serving.command("gateway")(serve_gateway)
    serving.callback()(lambda: None)
    app.add_typer(serving, name="serve")


# ---------------------------------------------------------------- at the gateway
def serve_gateway(context: typer.Context) -> None:
    """Put one API and one user interface before many sites; stays until it is told to end.

    With `gateway = true` in the home's kizashi.toml, `kizashi up` does so under supervision.
    """
    from appliance.machine import first
    from appliance.machine.process import program

    own: Context = context.obj
    with own.site() as site:
        password = first.first_admin(site, me())
        home = site.settings.home
    if password:
        print(f"user: {first.ADMIN}\npassword: {password}")
        print("It is shown this once and kept nowhere.", flush=True)
    command, folder = program(home, "appliance.web")
    os.chdir(folder)
    environment = {**os.environ, "KIZASHI_GATEWAY": _TRUE}  # noqa: TID251 - goes on as begun
    os.execve(command[0], command, environment)  # noqa: S606 - our own command


def invite(
    context: typer.Context,
    name: str = NAME,
    out: Path | None = typer.Option(None, "--out", help="File to write, for its owner alone."),
) -> None:
    """Invite a site: print what it needs to join, or write it to a file.

    Again, it gives the site a new token, and the old one is good no more.
    """
    from appliance.core.secrets import keep
    from appliance.gateway.routes import told

    made = told(_invited(context.obj, name))
    if out is None:
        print(made)
        return
    keep(out, made.encode())
    print(f"{out}: take it to the site, then there: kizashi site join URL --token-file {out}")


def _invited(own: Context, name: str) -> Invitation:
    if own.url is not None:
        with own.running() as plant:
            return plant.gateway.invite(name)
    from appliance.gateway.gateway import Gateway
    from appliance.gateway.routes import invitation
    from appliance.schemas.gateway import SiteDraft

    with own.site() as site:
        gateway = Gateway(site)
        wanted = SiteDraft(name=name).name
        return invitation(gateway, gateway.sites.invite(me(), wanted), wanted)


def list_sites(context: typer.Context, as_json: bool = JSON) -> None:
    """List the sites of a gateway: those that are here, and since when others are away."""
    found, zone = _listed(context.obj)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (
            one.name,
            one.state,
            local(one.seen, zone) if one.seen else "",
            one.version,
            str(one.waiting),
            f"{one.load.queued + one.load.running}" if one.load else "",
        )
        for one in found
    ]
    print_table(("site", "state", "seen", "version", "waiting", "jobs"), rows, right="llllrr")


def _listed(own: Context) -> tuple[list[MemberSite], ZoneInfo]:
    if own.url is not None:
        with own.running() as plant:
            return list(plant.sites()), plant.zone()
    from appliance.gateway.gateway import Gateway

    with own.site() as site:
        return Gateway(site).sites.list(), site.settings.zone


def remove(context: typer.Context, name: str = NAME) -> None:
    """Send a site away from the gateway, with what waits for it."""
    own: Context = context.obj
    if own.url is not None:
        with own.running() as plant:
            plant.gateway.remove(name)
    else:
        from appliance.gateway.gateway import Gateway

        with own.site() as site:
            Gateway(site).sites.remove(me(), name)
    print(f"site {name} belongs to the gateway no more")


def outbox(
    context: typer.Context,
    entry: str | None = typer.Argument(None, help="One of them: what became of it."),
    site: str | None = typer.Option(None, "--site", help="Only what waits for this site."),
    as_json: bool = JSON,
) -> None:
    """List what waits or waited for sites that are away, the newest first."""
    own: Context = context.obj
    with own.running() as plant:
        zone = plant.zone()
        if entry is not None:
            print_json(plant.gateway.waiting(entry).model_dump(mode="json"))
            return
        found = list(plant.gateway.outbox(site, limit=200))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (one.id, one.site, one.state, local(one.created, zone), _what(one)) for one in found
    ]
    print_table(("entry", "site", "state", "since", "what"), rows)


def _what(one: Waiting) -> str:
    done = "" if one.status is None else f" → {one.status}"
    return f"{one.method} {one.path}{done}"


def drop(
    context: typer.Context, entry: str = typer.Argument(help="What is to wait no longer.")
) -> None:
    """Let a write wait no longer: it is never delivered."""
    own: Context = context.obj
    with own.running() as plant:
        plant.gateway.drop(entry)
    print(f"{entry} is dropped")


def copy_model(
    context: typer.Context,
    fleet: str = typer.Argument(help="With its site: pumps@oslo."),
    version: int = typer.Argument(help="Number of the version."),
    to: list[str] = typer.Option(..., "--to", help="A site that has a fleet of that name."),
    as_json: bool = JSON,
) -> None:
    """Give other sites a version of a fleet's model: each has it as a challenger then."""
    own: Context = context.obj
    with own.running() as plant:
        found = plant.gateway.copy_model(fleet, version, to)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        for one in found:
            done = f"version {one.version}" if one.version else one.problem
            print(f"{one.fleet}: {done}")
    if any(one.version is None for one in found):
        raise typer.Exit(1)


# ---------------------------------------------------------------- at a site
def join(
    context: typer.Context,
    url: str = typer.Argument(help="Address of the gateway: https://gateway:8443."),
    token_file: Path = typer.Option(..., "--token-file", help="The gateway's invitation."),
    most: str = typer.Option(
        "engineer", "--most", help="The highest role that the gateway's users get here."
    ),
    operators: bool = typer.Option(
        False, "--operators", help="Its admins may all that this site's own admins may."
    ),
    as_json: bool = JSON,
) -> None:
    """Belong to a gateway: this site calls it, and answers what comes over the line."""
    from appliance.cli.words import one_of
    from appliance.client.connecting import address
    from appliance.gateway.membership import join_store
    from appliance.schemas.access import Role

    own: Context = context.obj
    role, invited = one_of(Role, most, "--most"), _read(token_file)
    with own.site() as site:
        made = join_store(site).join(me(), address(url), invited, role, operators=operators)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print(f"joined {made.gateway} at {made.url} as {made.site}; its users are at most {most}")
    print("Next: kizashi site status")


def _read(path: Path) -> Invitation:
    from pydantic import ValidationError

    from appliance.core.errors import InvalidRequest, NotFound
    from appliance.schemas.gateway import Invitation

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
        return Invitation.model_validate_json(text)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"{path} is no invitation of a gateway.",
            remedy="Make one there: kizashi site invite NAME --out FILE.",
        ) from error


def leave(context: typer.Context) -> None:
    """Belong to no gateway any more."""
    from appliance.gateway.membership import join_store

    own: Context = context.obj
    with own.site() as site:
        join_store(site).leave(me())
    print("this site belongs to no gateway any more")


def status(context: typer.Context, as_json: bool = JSON) -> None:
    """Tell which gateway this site belongs to, and whether the line holds."""
    from appliance.gateway.membership import join_store

    own: Context = context.obj
    with own.site() as site:
        found, zone = join_store(site).find(), site.settings.zone
    if as_json:
        print_json(None if found is None else found.model_dump(mode="json"))
    elif found is None:
        print("this site belongs to no gateway")
    else:
        line = f"since {local(found.connected, zone)}" if found.connected else "no line"
        print(f"{found.gateway} at {found.url}, as {found.site}: {line}")
        if found.error:
            print(found.error)
