"""Writes the reference pages that follow from the code: ``python -m tests.docs.reference``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from appliance.cli import main
from appliance.metrics.catalog import METRICS
from appliance.metrics.described import Described
from appliance.schemas import recipe
from detectors import catalog
from detectors.models import names
from tests.docs.api import api
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "reference"
_RECIPE = (
    ("Recipe", recipe.Recipe, ""),
    ("Cleaning", recipe.Cleaning, "cleaning"),
    ("Limits", recipe.Limits, "cleaning.limits.SENSOR"),
    ("Run state", recipe.RunState, "cleaning.run_state"),
    ("Conditioning", recipe.Conditioning, "conditioning"),
    ("Threshold", recipe.Threshold, "threshold"),
)
_TAGS = {
    "ordered": "looks at rows in their order",
    "handles_missing": "takes gaps as they are",
    "exact_contributions": "gives exact shares",
}


def page(name: str) -> str:
    """Return a generated page."""
    return "\n".join(PAGES[name]()).rstrip() + "\n"


def _cell(text: object) -> str:
    plain = " ".join(str(text).split()).replace("|", "\\|")
    return re.sub(r"``([^`]+)``", r"`\1`", plain)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


# ---------------------------------------------------------------- metrics
def metrics() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield (
        "What [Prometheus is told](../how-to/metrics.md), by the role whose port shows it. "
        "Histograms have the buckets named, and one beyond."
    )
    for role in ("web", "worker", "ray", ""):
        yield ""
        yield f"## {f'`{role}`' if role else 'Every role'}"
        yield ""
        rows = [
            (f"`{one.name}`", one.kind, ", ".join(f"`{x}`" for x in one.labels), _told(one))
            for one in METRICS
            if one.role == role
        ]
        yield from _table(("metric", "kind", "labels", "what it tells"), rows)


def _told(one: Described) -> str:
    bounds = ", ".join(f"{bound:g}" for bound in one.buckets)
    return f"{one.help} Buckets: {bounds}." if bounds else one.help


# ---------------------------------------------------------------- command line
def command_line() -> Iterator[str]:
    group = main.command()
    yield "# Command line"
    yield ""
    yield (
        "`kizashi [OPTIONS] COMMAND`. Exit status: 0 done, 1 failed, 2 wrong use, 130 "
        "interrupted. An error is one sentence on standard error; `--debug` shows where it "
        "came from. Progress is shown on a terminal only. Times without a zone are in the "
        "site's. The keys of `--json` are told in [JSON outputs](json.md)."
    )
    yield ""
    yield "## Options of every command"
    yield ""
    yield from _parameters(group)
    yield from _commands(group)


def _commands(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"## {before}{name}"
        yield ""
        yield (command.help or "").split("\f")[0].strip()
        yield ""
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield from _parameters(command)


def _parameters(command: Any) -> Iterator[str]:
    shown = [p for p in command.params if "--help" not in p.opts and not _completion(p)]
    rows = [(_spelled(p), _default(p), getattr(p, "help", "") or "") for p in shown]
    if rows:
        yield from _table(("argument or option", "default", "what it is"), rows)


def _completion(parameter: Any) -> bool:
    return any("completion" in option for option in parameter.opts)


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.name.upper()
        return f"`{name}…`" if parameter.nargs == -1 else f"`{name}`"
    return f"`{', '.join(parameter.opts)}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    given = parameter.default
    if given is None or given is False or given in ([], (), ""):
        return ""
    return f"`{given}`"


# ---------------------------------------------------------------- recipe
def recipes() -> Iterator[str]:
    yield "# Recipe fields"
    yield ""
    yield (
        "A recipe is a TOML or JSON file, a mapping in Python, or the name of a detector. What "
        "is not said keeps its default. An unknown field is an error. How to use one: "
        "[Train and promote](../how-to/train.md)."
    )
    yield ""
    for title, kind, place in _RECIPE:
        yield f"## {title}"
        yield ""
        if place:
            yield f"In the table `{place}`."
            yield ""
        yield from _fields(kind)


def _fields(kind: type[BaseModel]) -> Iterator[str]:
    texts = _attributes(kind)
    yield from _table(
        ("field", "default", "what it is"),
        [
            (f"`{name}`", _value(field), texts.get(name, ""))
            for name, field in kind.model_fields.items()
        ],
    )


def _value(field: Any) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined:
        return "empty"
    if isinstance(field.default, BaseModel):
        return "a table of its own"
    if field.default is None:
        return "not set"
    shown = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{shown}`"


def _attributes(kind: type) -> dict[str, str]:
    """Return the sentences on each attribute from a numpydoc docstring."""
    doc = inspect.getdoc(kind) or ""
    found: dict[str, str] = {}
    current: list[str] = []
    for line in doc.partition("Attributes\n----------\n")[2].splitlines():
        if line and not line.startswith(" "):
            current = [name.strip() for name in line.split(",")]
        for name in current if line.startswith(" ") else ():
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


# ---------------------------------------------------------------- detectors
def detectors() -> Iterator[str]:
    yield "# Detectors"
    yield ""
    yield (
        "Names that a recipe's `detector` takes. `kizashi detectors` lists them too, those of "
        "plug-ins with them; `kizashi detectors --pyod` adds PyOD's, see "
        "[Use PyOD](../how-to/pyod.md)."
    )
    yield ""
    for name in names.BUILT_IN:
        told = catalog.describe(name)
        yield f"## {name}"
        yield ""
        able = ", ".join(text for tag, text in _TAGS.items() if getattr(told.tags, tag))
        yield told.summary
        yield ""
        yield f"It {able}." if able else "It judges each row alone."
        yield ""
        yield from _table(
            ("parameter", "default", "what it is"),
            [
                (f"`{key}`", f"`{own.get('default')}`", own.get("description", ""))
                for key, own in told.parameters["properties"].items()
            ],
        )


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "api.md": api,
    "command-line.md": command_line,
    "detectors.md": detectors,
    "metrics.md": metrics,
    "recipe.md": recipes,
}
"""What writes the lines of each generated page."""

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (FOLDER / name).write_text(page(name), "utf-8")
