"""Commands that let this shell work on a site that runs elsewhere."""

from __future__ import annotations

import getpass
import socket
import sys
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from appliance.client import Plant

URL = typer.Argument(None, help="Address of the site; --url's if not given.")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (login, logout):
        app.command()(command)


def login(
    context: typer.Context,
    url: str | None = URL,
    user: str | None = typer.Option(None, "--user", help="Name of the user; asked for."),
    password_stdin: bool = typer.Option(
        False, "--password-stdin", help="Read the password from standard input."
    ),
    days: int = typer.Option(30, "--days", min=1, max=1830, help="How long it is good for."),
    as_json: bool = JSON,
) -> None:
    """Log in at a running site once; the token that it gives is kept for later commands."""
    from appliance.client import connect, credentials

    own: Context = context.obj
    where = own.address(url)
    name = user or _asked("User: ")
    secret = sys.stdin.readline().rstrip("\r\n") if password_stdin else _password()
    ca = None if own.ca is None else str(own.ca.resolve())
    with connect(where, user=name, password=secret, ca=ca) as plant:
        made = plant.tokens.create(f"shell of {_here()}", _rights(plant, name), days=days)
        zone = plant.zone()
    token = made.token
    credentials.keep(credentials.Credential(where, token.owner, token.id, made.secret, ca))
    if as_json:
        print_json({"url": where, "token": token.model_dump(mode="json")})
        return
    print(f"{where}: logged in as {token.owner} until {local(token.expires, zone)}")
    print(f"Next: kizashi --url {where} fleets")


def logout(context: typer.Context, url: str | None = URL, as_json: bool = JSON) -> None:
    """End the token that `login` keeps of a site."""
    from appliance.client import connect, credentials
    from appliance.core.errors import NotFound, Unauthenticated

    own: Context = context.obj
    where = own.address(url)
    kept = credentials.find(where)
    if kept is None:
        raise NotFound(f"nobody is logged in at {where}.")
    try:
        with connect(where, kept.token, ca=own.ca or kept.ca) as plant:
            plant.tokens.revoke(kept.id)
    except Unauthenticated:
        pass  # it was revoked or has expired: nothing is left to end
    credentials.forget(where)
    if as_json:
        print_json({"url": where, "token": kept.id})
    else:
        print(f"{where}: logged out")


def _asked(text: str) -> str:
    from appliance.core.errors import InvalidRequest

    if not sys.stdin.isatty():
        raise InvalidRequest("who logs in is not said.", remedy="--user NAME.")
    return input(text)


def _password() -> str:
    from appliance.core.errors import InvalidRequest

    if not sys.stdin.isatty():
        raise InvalidRequest("there is no terminal to type at.", remedy="--password-stdin.")
    return getpass.getpass("Password: ")


def _here() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"[:80]


def _rights(plant: Plant, name: str) -> list[str]:
    """Return every right that whoever logs in has somewhere."""
    from appliance.core.errors import Forbidden

    me, site = plant.me(), plant.site()
    held = {right for role in me["roles"].values() for right in site.roles[role]}
    if me["admin"]:
        held = {*site.site_rights, *(right for own in site.roles.values() for right in own)}
    if not held:
        raise Forbidden(f"{name} has no role at this site yet.", remedy="Ask an admin for one.")
    return sorted(held)
