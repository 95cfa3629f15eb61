"""Commands on channels: where word of events goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.asking import secret
from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from appliance.schemas.alert import Channel, Email, Webhook

NAME = typer.Argument(help="Name of the channel.")
FLEETS = typer.Option([], "--fleet", help="Only events of this fleet; repeatable.")
SEVERITY = typer.Option("plan", "--severity", help="The least told: watch, plan or act.")
FAULTS = typer.Option(False, "--faults", help="Tell of sensor faults too.")
PLATFORM = typer.Option(
    False, "--platform", help="Tell of the platform too: disk, sources, backups, certificates."
)
QUIET = typer.Option(
    None, "--quiet", help="Hours by the site's clock in which only `act` is told: 22:00-06:00."
)
LANGUAGE = typer.Option("en", "--language", help="en or ja.")
STDIN = typer.Option(
    False,
    "--secret-stdin",
    help="Read the secret from standard input; asked for at a terminal.",
)

group = typer.Typer(
    name="channel",
    help="Where word of events goes: by mail or by HTTP.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (mail, webhook, pause, resume, remove, deliveries):
        group.command()(command)
    group.command("list")(list_channels)
    group.command("try")(attempt)
    app.add_typer(group)


def mail(
    context: typer.Context,
    name: str = NAME,
    host: str = typer.Option(..., "--host", help="Name or address of the mail server."),
    sender: str = typer.Option(..., "--from", help="Address that the mail comes from."),
    to: list[str] = typer.Option(..., "--to", help="Address of a receiver; repeatable."),
    port: int = typer.Option(587, "--port", help="Port of the mail server."),
    security: str = typer.Option("starttls", "--security", help="starttls, tls or none."),
    user: str = typer.Option("", "--user", help="Name at the mail server, with a password."),
    secret_stdin: bool = STDIN,
    fleets: list[str] = FLEETS,
    severity: str = SEVERITY,
    faults: bool = FAULTS,
    platform: bool = PLATFORM,
    quiet: str | None = QUIET,
    language: str = LANGUAGE,
    as_json: bool = JSON,
) -> None:
    """Add a channel that sends mail."""
    target = {
        "kind": "email",
        "host": host,
        "port": port,
        "security": security,
        "user": user,
        "password": secret("Password: ", from_stdin=secret_stdin) if user else None,
        "sender": sender,
        "to": to,
    }
    facts = _facts(fleets, severity, quiet, language)
    facts |= {"faults": faults, "platform": platform}
    _add(context, name, target, facts, as_json)


def webhook(
    context: typer.Context,
    name: str = NAME,
    url: str = typer.Argument(help="Address that is told."),
    form: str = typer.Option("events", "--form", help="events, or text for a chat."),
    secret_stdin: bool = STDIN,
    fleets: list[str] = FLEETS,
    severity: str = SEVERITY,
    faults: bool = FAULTS,
    platform: bool = PLATFORM,
    quiet: str | None = QUIET,
    language: str = LANGUAGE,
    as_json: bool = JSON,
) -> None:
    """Add a channel that posts to an address; the secret, if any, signs what is sent."""
    signed = secret("Secret: ", from_stdin=True) if secret_stdin else None
    target = {"kind": "webhook", "url": url, "form": form, "secret": signed}
    facts = _facts(fleets, severity, quiet, language)
    facts |= {"faults": faults, "platform": platform}
    _add(context, name, target, facts, as_json)


def list_channels(context: typer.Context, as_json: bool = JSON) -> None:
    """List the channels."""
    own: Context = context.obj
    with own.plant() as plant:
        found = [*plant.channels.list()]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        print(
            "There is no channel yet: kizashi channel mail NAME …, or channel webhook NAME URL"
        )
    else:
        rows = [(one.name, *_cells(one)) for one in found]
        print_table(("channel", "to", "tells of", "fleets", "state"), rows)


def attempt(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Send a message that tries a channel; status 1 if it was not taken."""
    own: Context = context.obj
    with own.plant() as plant:
        told = plant.channels.attempt(name)
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        print(f"{name}: {'sent' if told.sent else told.error}")
    if not told.sent:
        raise typer.Exit(1)


def pause(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a channel tell nothing."""
    _turn(context, name, paused=True, as_json=as_json)


def resume(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a paused channel go on; what happened in between it does not tell."""
    _turn(context, name, paused=False, as_json=as_json)


def remove(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Remove a channel; what waits for it is dropped."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.channels.remove(name)
    if as_json:
        print_json({"channel": name, "removed": True})
    else:
        print(f"{name}: removed")


def deliveries(
    context: typer.Context,
    name: str | None = typer.Argument(None, help="Name of the channel; all if not said."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="At most so many."),
    as_json: bool = JSON,
) -> None:
    """List what was told and what could not be told, the latest first."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.channels.deliveries(name, limit=limit)], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = [
        (local(d.raised, zone), d.channel, d.severity, d.fleet, d.event, d.state, d.error)
        for d in found
    ]
    print_table(("raised", "channel", "severity", "fleet", "event", "state", "error"), rows)


# ---------------------------------------------------------------- what they share
def _add(
    context: typer.Context,
    name: str,
    target: dict[str, Any],
    facts: dict[str, Any],
    as_json: bool,
) -> None:
    from appliance.cli.words import fitted
    from appliance.schemas.alert import ChannelDraft

    draft = fitted(ChannelDraft, {"name": name, "target": target, **facts}, "channel")
    own: Context = context.obj
    with own.plant() as plant:
        _tell(plant.channels.add(draft), as_json)


def _turn(context: typer.Context, name: str, *, paused: bool, as_json: bool) -> None:
    from appliance.schemas.alert import ChannelDraft

    own: Context = context.obj
    with own.plant() as plant:
        found = plant.channels.get(name)
        known = {key: value for key, value in found if key in ChannelDraft.model_fields}
        draft = ChannelDraft(**{**known, "paused": paused})
        _tell(plant.channels.put(draft, found.revision), as_json)


def _facts(
    fleets: list[str], severity: str, quiet: str | None, language: str
) -> dict[str, Any]:
    from appliance.core.errors import InvalidRequest

    facts: dict[str, Any] = {"fleets": fleets, "severity": severity}
    facts["language"] = language
    if quiet:
        start, dash, end = quiet.partition("-")
        if not dash:
            raise InvalidRequest(f"--quiet {quiet}: it is no range.", remedy="As 22:00-06:00.")
        facts["quiet"] = {"start": start.strip(), "end": end.strip()}
    return facts


def _tell(channel: Channel, as_json: bool) -> None:
    if as_json:
        print_json(channel.model_dump(mode="json"))
        return
    to, tells, fleets, state = _cells(channel)
    print(f"{channel.name}: {tells} of {fleets} to {to}, {state}")


def _cells(channel: Channel) -> tuple[str, str, str, str]:
    least = f"{channel.severity.value} and above"
    more = [("sensor faults", channel.faults), ("the platform", channel.platform)]
    tells = ", ".join([least, *(words for words, told in more if told)])
    state = "paused" if channel.paused else "tells"
    return _to(channel.target), tells, ", ".join(channel.fleets) or "all fleets", state


def _to(target: Email | Webhook) -> str:
    return ", ".join(target.to) if target.kind == "email" else target.url
