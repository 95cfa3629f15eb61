"""Commands on a site in a Kubernetes: bring it up and down, upgrade it, ask how it is."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.cli import sites
from appliance.cli.backup import secret_words
from appliance.cli.context import Context, print_json
from appliance.cli.data import JSON
from appliance.cli.watching import watching

if TYPE_CHECKING:
    from appliance.install.cluster.doing import Step, Work
    from appliance.install.cluster.plan import Done, Place, Target, Told, Wishes

cluster = typer.Typer(
    name="cluster",
    help="A site in a Kubernetes: kind, EKS, or where a context of kubectl points to.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_NAME = typer.Option("kizashi", "--name", help="Of the site; of the kind cluster too.")
_NAMESPACE = typer.Option(None, "--namespace", help="Where it is; the name if not given.")
_CONTEXT = typer.Option(
    None,
    "--context",
    help="Of kubectl; kind-NAME if there is such a one, the current otherwise.",
)
_VALUES = typer.Option(
    None, "--values", help="File of values for the chart; may be given again, the last wins."
)
_IMAGE = typer.Option(None, "--image", help="Image to run, where the cluster can get it.")
_REGISTRY = typer.Option(
    None, "--registry", help="Repository (HOST/NAME) to push the image here to."
)
_BUNDLE = typer.Option(None, "--bundle", help="Bundle that holds the image, and kind's node.")
_TRUST = typer.Option(None, "--trust", help="Fingerprint of the bundle's publisher.")
_YES = typer.Option(False, "--yes", help="Do not ask.")
_PASSPHRASE = typer.Option(
    None, "--passphrase-file", help="File whose first line is the passphrase of the secrets."
)

_PROMPT = "Passphrase of the secrets (none: without them): "


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (up, down, upgrade, rollback, status, restore):
        cluster.command()(command)
    app.add_typer(cluster)


def up(
    context: typer.Context,
    target: str = typer.Option(..., "--target", help="kind, eks or context."),
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    size: str | None = typer.Option(None, "--size", help="small or medium."),
    s3: str | None = typer.Option(None, "--s3", help="s3://BUCKET/PREFIX for what is shared."),
    s3_secret: str | None = typer.Option(
        None, "--s3-secret", help="Secret with its keys, if they are not the service account's."
    ),
    database_secret: str | None = typer.Option(
        None, "--database-secret", help="Secret with database-url and registry-url."
    ),
    ray_workers: int | None = typer.Option(
        None, "--ray-workers", min=0, help="Pods that train and score."
    ),
    region: str | None = typer.Option(None, "--region", help="Of the bucket."),
    host: str | None = typer.Option(None, "--host", help="Name that browsers reach it by."),
    certificate: str | None = typer.Option(
        None, "--certificate", help="ARN of the certificate for it; found by the name if none."
    ),
    port: int = typer.Option(8443, "--port", min=1, max=65535, help="Of this machine (kind)."),
    values: list[Path] | None = _VALUES,
    image: str | None = _IMAGE,
    registry: str | None = _REGISTRY,
    node_image: str | None = typer.Option(None, "--node-image", help="Of kind's node."),
    bundle: Path | None = _BUNDLE,
    trust: str | None = _TRUST,
    look: bool = typer.Option(
        False, "--check", help="Look whether it can work; change nothing."
    ),
    yes: bool = _YES,
    as_json: bool = JSON,
) -> None:
    """Bring a site up in a cluster; again, it changes only what is said otherwise.

    Cut off anywhere, the same command goes on.
    """
    from appliance.cli.words import one_of
    from appliance.install.cluster import doing
    from appliance.install.cluster import status as looking
    from appliance.install.cluster.plan import Size, Target, Wishes

    wishes = Wishes(
        size=None if size is None else one_of(Size, size, "--size"),
        files=tuple(values or ()),
        image=image or "",
        registry=registry or "",
        s3=s3 or "",
        s3_secret=s3_secret or "",
        database_secret=database_secret or "",
        ray_workers=ray_workers,
        region=region or "",
        host=host or "",
        certificate=certificate or "",
        port=port,
        node_image=node_image or "",
        bundle=bundle,
        trust=trust or "",
    )
    wanted = one_of(Target, target, "--target")
    work = _work(context.obj, _place(name, namespace, kubectl, wanted), wishes, wanted)
    if look:
        sites.print_check(doing.check(work), as_json=as_json)
        return
    said = yes or bool(kubectl) or wanted is Target.KIND  # otherwise it is whatever is current
    _ask(f"Bring {name} up in {_where(work.place)}?", yes=said)
    told = _perform(doing.UP, work, quiet=as_json)
    sites.print_up(work, told, looking.admin_password(work.place), as_json=as_json)


def down(
    context: typer.Context,
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    purge: bool = typer.Option(
        False, "--purge", help="Delete volumes and secrets too: what is in them is lost."
    ),
    yes: bool = _YES,
    as_json: bool = JSON,
) -> None:
    """Bring a site in a cluster down; its volumes and secrets stay, unless purged."""
    from appliance.install.cluster import ending
    from appliance.install.cluster.doing import alone

    own: Context = context.obj
    place = _place(name, namespace, kubectl)
    lost = ", with everything that it holds" if purge else ""
    _ask(f"Bring {name} down in {_where(place)}{lost}?", yes=yes)
    home = own.settings().home
    with alone(home, place):
        did = ending.end(place, home, purge=purge)
    if as_json:
        print_json({"name": name, "namespace": place.namespace, "did": did})
    else:
        print("\n".join(did) or f"There is no {name} in {_where(place)}.")


def upgrade(
    context: typer.Context,
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    values: list[Path] | None = _VALUES,
    image: str | None = _IMAGE,
    registry: str | None = _REGISTRY,
    bundle: Path | None = _BUNDLE,
    trust: str | None = _TRUST,
    backup: bool = typer.Option(
        True, "--backup/--no-backup", help="Let the site back itself up before."
    ),
    passphrase_file: Path | None = _PASSPHRASE,
    yes: bool = _YES,
    as_json: bool = JSON,
) -> None:
    """Bring a site in a cluster to this version: a backup, then pod by pod."""
    from appliance.install.cluster import doing
    from appliance.install.cluster.plan import Wishes

    wishes = Wishes(
        files=tuple(values or ()),
        image=image or "",
        registry=registry or "",
        bundle=bundle,
        trust=trust or "",
    )
    work = _work(context.obj, _place(name, namespace, kubectl), wishes)
    work.upgrading, work.backs_up = True, backup
    work.passphrase = secret_words(passphrase_file, "").encode()
    _ask(f"Upgrade {name} in {_where(work.place)}?", yes=yes)
    told = _perform(doing.UPGRADE, work, quiet=as_json)
    sites.print_up(work, told, "", as_json=as_json)


def rollback(
    context: typer.Context,
    revision: int | None = typer.Argument(None, help="Of the release; the one before if none."),
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    yes: bool = _YES,
    as_json: bool = JSON,
) -> None:
    """Bring a site in a cluster back to the release before; its database stays as it is."""
    from appliance.install.cluster import release, waiting
    from appliance.install.cluster.doing import alone

    own: Context = context.obj
    place = _place(name, namespace, kubectl)
    _ask(f"Bring {name} in {_where(place)} back?", yes=yes)
    with alone(own.settings().home, place), watching() as screen:
        release.release_what_was_cut_off(place)
        back = release.roll_back(place, revision, waiting.watched(place, screen.parts))
        waiting.ready(place, screen.parts)
    if as_json:
        print_json({"revision": back.number, "version": back.version, "database": "unchanged"})
        return
    print(f"{name} is back at revision {back.number}, version {back.version}.")
    print(
        "The database stays at the newer version's tables. If the older version refuses them, "
        "restore the backup made before the upgrade: kizashi cluster restore."
    )


def status(
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    password: bool = typer.Option(
        False, "--password", help="Print the admin's first password."
    ),
    as_json: bool = JSON,
) -> None:
    """Say how a site in a cluster is: version, parts, address, and what it asks for."""
    from appliance.install.cluster import status as looking

    place = _place(name, namespace, kubectl)
    if password:
        found = sites.password(place)
        if as_json:
            print_json({"user": "admin", "password": found})
        else:
            print(found)
        return
    told = looking.status(place)
    if as_json:
        print_json(asdict(told) | {"roles": {one.role: sites.state(one) for one in told.parts}})
    else:
        sites.print_status(told, looking.forward_command(place))
    if not told.ready:
        raise typer.Exit(1)


def restore(
    context: typer.Context,
    source: Path = typer.Argument(help="FOLDER/BACKUP; the folder alone: its latest."),
    name: str = _NAME,
    namespace: str | None = _NAMESPACE,
    kubectl: str | None = _CONTEXT,
    passphrase_file: Path | None = _PASSPHRASE,
    yes: bool = _YES,
    as_json: bool = JSON,
) -> None:
    """Restore a backup, such as a single machine's, into a site in a cluster.

    Its roles are stopped meanwhile. Cut off anywhere, the same command goes on.
    """
    from appliance.backup import Passphrase
    from appliance.install.cluster import moving
    from appliance.install.cluster.plan import Wishes

    words = secret_words(passphrase_file, _PROMPT)
    move = moving.Move(source, Passphrase(words) if words else None)
    work = _work(context.obj, _place(name, namespace, kubectl), Wishes())
    _ask(f"Replace what {name} in {_where(work.place)} holds?", yes=yes)
    told = _perform(moving.steps(move), work, quiet=as_json)
    if as_json:
        print_json(move.facts | {"seconds": sum(one.seconds for one in told.steps)})
        return
    print(f"{name} holds {move.facts['backup']} now, in the database {move.facts['database']}.")
    print("Users and passwords are those of the backup; its kizashi.toml is not taken over.")
    if not move.kept:
        print("Without the passphrase its keys stayed behind: third-party models train again.")


# ---------------------------------------------------------------- what commands share
def _place(
    name: str, namespace: str | None, context: str | None, target: Target | None = None
) -> Place:
    from appliance.install.cluster import contexts
    from appliance.install.cluster.plan import Place

    made = Place(name, namespace or name)  # refuses a name before kubectl is asked
    return replace(made, context=contexts.choose(name, context, target))


def _work(own: Context, place: Place, wishes: Wishes, target: Target | None = None) -> Work:
    from appliance.install.cluster.doing import Work
    from appliance.install.cluster.plan import Told

    return Work(target or place.target, place, wishes, own.settings().home, Told())


def _perform(steps: tuple[Step, ...], work: Work, *, quiet: bool) -> Told:
    from appliance.install.cluster import doing

    def tell(done: Done) -> None:
        if not quiet:
            text = f"[{len(work.told.steps)}/{len(steps)}] {done.name}: {done.did or 'fine'}"
            print(f"{text} ({done.seconds:.0f} s)", flush=True)

    with doing.alone(work.home, work.place), watching() as screen:
        work.watch = screen.parts
        return doing.perform(steps, work, screen.begin, tell)


def _where(place: Place) -> str:
    return f"{place.context}, namespace {place.namespace}"


def _ask(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere only --yes will do."""
    from appliance.core.errors import InvalidRequest

    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(f"nobody can be asked: {question}", remedy="Give --yes.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)
