"""Commands on users, projects and tokens, for whoever is at the machine."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from appliance.access import Person
    from appliance.schemas.access import User

    Commands: TypeAlias = Mapping[str, Callable[..., None]]

NAME = typer.Argument(help="Name of the user.")
PROJECT = typer.Option("default", "--project", help="Project that the role is in.")
EVERYWHERE = typer.Option(
    False, "--everywhere", help="Over the whole site; the role is then admin."
)
STDIN = typer.Option(False, "--password-stdin", help="Read the password from standard input.")
NO_PASSWORD = typer.Option(
    False, "--no-password", help="None: for programs, which come by token."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    groups = {
        "user": ("Who is known, and who may what.", _USER),
        "project": ("Which fleets belong together.", _PROJECT),
        "token": ("What programs show instead of a password.", _TOKEN),
    }
    for name, (text, commands) in groups.items():
        group = typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None)
        for verb, command in commands.items():
            group.command(verb)(command)
        app.add_typer(group, name=name)


def me() -> Person:
    """Return who is at the machine."""
    from appliance.access import shell

    return shell(getpass.getuser())


# ---------------------------------------------------------------- users
def user_add(
    context: typer.Context,
    name: str = NAME,
    admin: bool = typer.Option(False, "--admin", help="May everything, everywhere."),
    password_stdin: bool = STDIN,
    no_password: bool = NO_PASSWORD,
    as_json: bool = JSON,
) -> None:
    """Add a user; without a word on it, a password is made and printed once."""
    own: Context = context.obj
    password, made = _password(password_stdin, no_password)
    with own.plant() as plant:
        added = plant.users.add(name, password, admin=admin)
    told = added.model_dump(mode="json")
    if as_json:
        print_json({"user": told, "password": password if made else None})
        return
    print(f"{added.name}: added{', admin of the whole site' if admin else ''}")
    if made:
        print(f"password: {password}\nIt is shown this once and kept nowhere.")
    if not admin:
        print(f"Next: kizashi user grant {added.name} viewer|analyst|engineer|admin")


def user_list(context: typer.Context, as_json: bool = JSON) -> None:
    """List users with their roles."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.users.list()], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    if not found:
        print("There is no user yet. Make the first: kizashi user add NAME --admin")
        return
    print_table(
        ("user", "roles", "state", "added"),
        [(one.name, _roles(one), _state(one), local(one.created, zone)) for one in found],
    )


def _roles(user: User) -> str:
    if user.admin:
        return "admin everywhere"
    return ", ".join(f"{role.value} in {where}" for where, role in user.roles.items()) or "none"


def _state(user: User) -> str:
    if user.disabled:
        return "disabled"
    if user.locked_until is not None:
        return "locked"
    runs = ", runs own code" if user.runs_code else ""
    return ("active" if user.password else "active, no password") + runs


def user_grant(
    context: typer.Context,
    name: str = NAME,
    role: str = typer.Argument(help="viewer, analyst, engineer or admin."),
    project: str = PROJECT,
    everywhere: bool = EVERYWHERE,
    as_json: bool = JSON,
) -> None:
    """Give a user a role in a project, or make them an admin of the whole site."""
    from appliance.cli.words import one_of
    from appliance.core.errors import InvalidRequest
    from appliance.schemas.access import Role

    wanted = one_of(Role, role)
    if everywhere and wanted is not Role.ADMIN:
        raise InvalidRequest(
            f"--everywhere goes with the role admin only, not {role}.",
            remedy="Other roles are given by project.",
        )
    own: Context = context.obj
    with own.plant() as plant:
        if everywhere:
            plant.users.set_admin(name, True)
        else:
            plant.users.grant(name, project, wanted)
        _tell(plant.users.get(name), as_json)


def user_revoke(
    context: typer.Context,
    name: str = NAME,
    project: str = PROJECT,
    everywhere: bool = typer.Option(
        False, "--everywhere", help="No longer an admin of the whole site."
    ),
    as_json: bool = JSON,
) -> None:
    """Take a user's role in a project, or over the whole site."""
    own: Context = context.obj
    with own.plant() as plant:
        if everywhere:
            plant.users.set_admin(name, False)
        else:
            plant.users.revoke(name, project)
        _tell(plant.users.get(name), as_json)


def user_code(
    context: typer.Context,
    name: str = NAME,
    forbid: bool = typer.Option(False, "--forbid", help="No longer."),
    as_json: bool = JSON,
) -> None:
    """Let code of a user's own run: steps, pipelines, notebooks."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.users.let_code_run(name, not forbid)
        _tell(plant.users.get(name), as_json)


def user_disable(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Keep a user out at once, with their sessions and tokens."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.users.disable(name)
        _tell(plant.users.get(name), as_json)


def user_enable(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a disabled user in again."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.users.enable(name)
        _tell(plant.users.get(name), as_json)


def user_unlock(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a user log in at once that failed too often."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.users.unlock(name)
        _tell(plant.users.get(name), as_json)


def user_password(
    context: typer.Context,
    name: str = NAME,
    password_stdin: bool = STDIN,
    no_password: bool = NO_PASSWORD,
    as_json: bool = JSON,
) -> None:
    """Give a user another password and end their sessions."""
    own: Context = context.obj
    password, made = _password(password_stdin, no_password)
    with own.plant() as plant:
        plant.users.set_password(name, password)
        changed = plant.users.get(name)
    if as_json:
        told = changed.model_dump(mode="json")
        print_json({"user": told, "password": password if made else None})
        return
    print(f"{changed.name}: {'password changed' if password else 'has no password now'}")
    if made:
        print(f"password: {password}\nIt is shown this once and kept nowhere.")


def _tell(user: User, as_json: bool) -> None:
    if as_json:
        print_json(user.model_dump(mode="json"))
    else:
        print(f"{user.name}: {_roles(user)}; {_state(user)}")


def _password(from_stdin: bool, none: bool) -> tuple[str | None, bool]:
    """Return the password that was asked for, and whether it was made here."""
    from appliance.access.secrets import new_password
    from appliance.core.errors import InvalidRequest

    if from_stdin and none:
        raise InvalidRequest("--password-stdin and --no-password contradict each other.")
    if none:
        return None, False
    if not from_stdin:
        return new_password(), True
    if sys.stdin.isatty():
        return getpass.getpass("Password: "), False
    return sys.stdin.readline().rstrip("\r\n"), False


# ---------------------------------------------------------------- projects
def project_add(
    context: typer.Context,
    name: str = typer.Argument(help="Name of the project."),
    as_json: bool = JSON,
) -> None:
    """Make a project."""
    own: Context = context.obj
    with own.plant() as plant:
        made = plant.projects.add(name)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        print(f"{made.name}: made. Next: kizashi project assign FLEET {made.name}")


def project_list(context: typer.Context, as_json: bool = JSON) -> None:
    """List projects and the fleets assigned to them."""
    own: Context = context.obj
    with own.plant() as plant:
        found = [*plant.projects.list()]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rest = "all that are in no other"
    print_table(
        ("project", "fleets"),
        [(p.name, rest if p.name == "default" else ", ".join(p.fleets)) for p in found],
    )


def project_assign(
    context: typer.Context,
    fleet: str = typer.Argument(help="Name of the fleet, which may be yet to come."),
    project: str = typer.Argument(help="Name of the project."),
    as_json: bool = JSON,
) -> None:
    """Put a fleet into a project: from then on its members see it, and nobody else."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.projects.assign(fleet, project)
    if as_json:
        print_json({"fleet": fleet, "project": project})
    else:
        print(f"{fleet}: in project {project}")


# ---------------------------------------------------------------- tokens
def token_create(
    context: typer.Context,
    owner: str = typer.Argument(help="User whose rights it takes a part of."),
    label: str = typer.Argument(help="What it is for."),
    rights: list[str] = typer.Option(..., "--right", help="What it may; repeatable."),
    project: str | None = typer.Option(
        None, "--project", help="The only project that it is good for."
    ),
    days: int = typer.Option(90, "--days", min=1, max=1830, help="How long it is good for."),
    as_json: bool = JSON,
) -> None:
    """Make a token and print it, this once."""
    from appliance.cli.words import one_of
    from appliance.schemas.access import Right

    own: Context = context.obj
    wanted = [one_of(Right, right) for right in rights]
    with own.plant() as plant:
        zone = plant.zone()
        made = plant.tokens.create(label, wanted, owner=owner, project=project, days=days)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    print(f"{made.token.id}: {label}, good until {local(made.token.expires, zone)}")
    print(f"token: {made.secret}\nIt is shown this once and kept nowhere.")


def token_list(
    context: typer.Context,
    owner: str | None = typer.Option(None, "--owner", help="Only those of this user."),
    as_json: bool = JSON,
) -> None:
    """List tokens, the newest first."""
    from appliance.core.clock import now

    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.tokens.list(owner)], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    rows = []
    for one in found:
        over = "revoked" if one.revoked else "expired" if one.expires <= now() else "good"
        used = local(one.last_used, zone) if one.last_used else "never"
        rights = ", ".join(one.rights) + (f" in {one.project}" if one.project else "")
        until = local(one.expires, zone)
        rows.append((one.id, one.owner, one.label, rights, over, until, used))
    head = ("token", "owner", "label", "rights", "state", "until", "last used")
    print_table(head, rows)


def token_revoke(
    context: typer.Context,
    token: str = typer.Argument(help="Identifier of the token."),
    as_json: bool = JSON,
) -> None:
    """End a token for good."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.tokens.revoke(token)
    if as_json:
        print_json({"token": token, "revoked": True})
    else:
        print(f"{token}: revoked")


_USER: Commands = {
    "add": user_add,
    "list": user_list,
    "grant": user_grant,
    "revoke": user_revoke,
    "code": user_code,
    "disable": user_disable,
    "enable": user_enable,
    "password": user_password,
    "unlock": user_unlock,
}
_PROJECT: Commands = {"add": project_add, "list": project_list, "assign": project_assign}
_TOKEN: Commands = {"create": token_create, "list": token_list, "revoke": token_revoke}
