"""Commands on code of one's own, and on the pipelines that are joined of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.completing import fleets as fleet_names
from appliance.cli.context import Context, local, print_json, print_table, progress
from appliance.cli.data import JSON
from appliance.cli.jobs import SET, arguments, print_told

if TYPE_CHECKING:
    from appliance.schemas.own import Code, OwnPipeline, OwnPipelineDraft

NAME = typer.Argument(help="Name of the code.")
PIPELINE = typer.Argument(help="Name of the pipeline.")
VERSION = typer.Option(None, "--version", help="Version; the one registered last.")

group = typer.Typer(
    name="code",
    help="Code of your own: packages with steps, and notebooks. Registering lets it run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
pipelines = typer.Typer(
    name="pipeline",
    help="Pipelines of your own: steps joined in a short YAML file, run as jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (add, show, remove):
        group.command()(command)
    group.command("list")(list_code)
    for one in (check, run, result):
        pipelines.command()(one)
    pipelines.command("add")(add_pipeline)
    pipelines.command("list")(list_pipelines)
    pipelines.command("show")(show_pipeline)
    pipelines.command("remove")(remove_pipeline)
    app.add_typer(group)
    app.add_typer(pipelines)


# ---------------------------------------------------------------- code
def add(
    context: typer.Context,
    path: Path = typer.Argument(
        help="A folder with a pyproject.toml, a .whl, a .py or a .ipynb."
    ),
    version: str | None = typer.Option(
        None, "--version", help="Of a .py or .ipynb; others say their own."
    ),
    as_json: bool = JSON,
) -> None:
    """Register code: from then on the site may run its steps."""
    from appliance.steps.registering import packed

    own: Context = context.obj
    file, data = packed(path, version or "")
    with own.plant() as plant:
        made = plant.code.add(file, data, version if path.suffix == ".ipynb" else None)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    steps = ", ".join(one.name for one in made.steps)
    what = f"steps: {steps}" if steps else "no steps" if made.kind == "package" else "notebook"
    print(f"{made.name} {made.version} is registered: {what}.")
    print(f"SHA-256 {made.sha256}")


def list_code(context: typer.Context, as_json: bool = JSON) -> None:
    """List registered code, the newest version of each name first."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.code.list()], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        print("No code is registered. `kizashi code add` does that.")
    else:
        rows = [
            (
                one.name,
                one.version,
                one.kind.value,
                ", ".join(step.name for step in one.steps),
                local(one.added, zone),
                one.added_by,
            )
            for one in found
        ]
        print_table(("code", "version", "kind", "steps", "registered", "by"), rows)


def show(
    context: typer.Context,
    name: str = NAME,
    version: str | None = VERSION,
    as_json: bool = JSON,
) -> None:
    """Tell one version in full: its steps, what each takes, gives and needs."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.code.get(name, version)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print_code(found)


def remove(context: typer.Context, name: str = NAME, version: str | None = VERSION) -> None:
    """Remove a version, or all versions of a name."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.code.remove(name, version)
    print(f"{name} {version or 'in all versions'} is removed.")


def _print_code(found: Code) -> None:
    print(f"{found.name} {found.version}: {found.summary or found.kind.value}")
    print(f"{found.file}, {found.bytes:,} bytes, SHA-256 {found.sha256}")
    if not found.steps:
        return
    print()
    rows = []
    for one in found.steps:
        takes = [name if name in one.required else f"{name}?" for name in one.inputs]
        has = one.resources
        size = "" if has.memory is None else f"{has.memory / 1e9:g} GB"
        rows.append((one.name, ", ".join(takes), ", ".join(one.outputs), f"{has.cpu:g}", size))
    print_table(("step", "takes", "gives", "cpu", "memory"), rows, right="lllrr")


# ---------------------------------------------------------------- pipelines
def add_pipeline(
    context: typer.Context,
    file: Path = typer.Argument(help="The pipeline, in YAML."),
    as_json: bool = JSON,
) -> None:
    """Add a pipeline, or change the one of that name."""
    own: Context = context.obj
    draft = _read(file)
    with own.plant() as plant:
        made = plant.own_pipelines.put(draft)
    if as_json:
        print_json(made.model_dump(mode="json", by_alias=True))
    else:
        print(f"{made.name}: {len(made.steps)} steps, revision {made.revision}.")


def check(
    context: typer.Context, file: Path = typer.Argument(help="The pipeline, in YAML.")
) -> None:
    """Check a file against the home's registered code, and change nothing."""
    from appliance.pipelines.own_code import graph_of

    own: Context = context.obj
    draft = _read(file)
    with own.site() as site:
        graph = graph_of(site, draft, str(file))
    print(f"{draft.name} is fine: {' → '.join(graph.order)}.")


def list_pipelines(context: typer.Context, as_json: bool = JSON) -> None:
    """List your own pipelines."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.own_pipelines.list()], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json", by_alias=True) for one in found])
    elif not found:
        print("There is no pipeline of your own. `kizashi pipeline add FILE` makes one.")
    else:
        rows = [
            (
                one.name,
                str(len(one.steps)),
                one.summary,
                local(one.updated, zone),
                one.updated_by,
            )
            for one in found
        ]
        print_table(("pipeline", "steps", "what it does", "changed", "by"), rows, right="lrlll")


def show_pipeline(context: typer.Context, name: str = PIPELINE, as_json: bool = JSON) -> None:
    """Print a pipeline as it is written."""
    from appliance.steps.writing import text_of

    own: Context = context.obj
    with own.plant() as plant:
        found: OwnPipeline = plant.own_pipelines.get(name)
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        print(text_of(found), end="")


def remove_pipeline(context: typer.Context, name: str = PIPELINE) -> None:
    """Remove a pipeline; its jobs stay."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.own_pipelines.remove(name)
    print(f"{name} is removed.")


def run(
    context: typer.Context,
    name: str = PIPELINE,
    fleet: str | None = typer.Option(
        None, "--fleet", help="That its steps work on.", autocompletion=fleet_names
    ),
    given: list[str] = SET,
    engine: str | None = typer.Option(None, "--engine", help="auto, local or ray."),
    wait: bool = typer.Option(False, "--wait", help="Wait until it is over."),
    as_json: bool = JSON,
) -> None:
    """Ask for a run of a pipeline; a worker of the site does it."""
    own: Context = context.obj
    with own.plant() as plant:
        parameters = arguments(given)
        handle = plant.own_pipelines.run(name, fleet, parameters=parameters, engine=engine)
        if wait:
            with progress() as shown:
                handle.wait(progress=shown)
        told, zone = handle.job, plant.zone()
    if as_json:
        print_json(told.model_dump(mode="json"))
        return
    print_told(told, zone)
    if told.result is not None:
        _print_outputs(told.result)


def result(
    context: typer.Context,
    job: str = typer.Argument(help="Identifier of the job."),
    step: str = typer.Argument(help="Name of the step."),
    file: str = typer.Argument(help="Name of the file."),
    out: Path | None = typer.Option(None, "--out", help="Where to write it."),
) -> None:
    """Fetch a file or table that a step of a run gave."""
    from appliance.pipelines.whole import whole_file

    own: Context = context.obj
    with own.plant() as plant:
        data = plant.own_pipelines.file(job, step, file)
    path = out or Path(Path(file).name)
    with whole_file(path) as draft:
        draft.write_bytes(data)
    print(path)


def _print_outputs(result: dict[str, Any]) -> None:
    print()
    rows = [
        (step, name, json.dumps(value, ensure_ascii=False)[:100])
        for step, output in result["outputs"].items()
        for name, value in output["values"].items()
    ]
    print_table(("step", "output", "value"), rows)


def _read(file: Path) -> OwnPipelineDraft:
    from appliance.steps.writing import read

    return read(file)
