"""Own pipelines as they are written: read from YAML without surprises, and written again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from typing_extensions import override

from appliance.core.errors import BadFile, InvalidRequest
from appliance.schemas.own import OwnPipelineDraft

MOST_BYTES = 256 * 2**10


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain data only: no aliases, which a few bytes could blow up, and no key twice.

    Only ``true`` and ``false`` are truth values, as in YAML 1.2: ``no`` and ``on`` are words.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
        first: [(tag, form) for tag, form in found if tag != "tag:yaml.org,2002:bool"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    @override
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(
                None, None, "aliases are not read", event.start_mark
            )
        return super().compose_node(parent, index)

    @override
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"{twice!r} is there twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), [*"tTfF"]
)


def read(path: Path) -> OwnPipelineDraft:
    """Return the pipeline of a file; raises `BadFile` or `InvalidRequest`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"{path} has more than {MOST_BYTES // 2**10} KiB.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadFile(f"{path} cannot be read: {reason}.") from error
    return parsed(text, str(path))


def parsed(text: str, where: str = "the pipeline") -> OwnPipelineDraft:
    """Return the pipeline of a text in YAML.

    Raises
    ------
    BadFile
        It is no YAML.
    InvalidRequest
        A key or value cannot be used; in one sentence, with file, step and key.
    """
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise BadFile(f"{where}{line}: {error.problem or error.context}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadFile(f"{where} is no YAML: {error}.") from error
    if not isinstance(found, dict):
        raise BadFile(f"{where} holds no pipeline.", remedy="Begin with: name: … and steps: …")
    try:
        return OwnPipelineDraft.model_validate(found)
    except ValidationError as error:
        raise unusable(error, where) from error


def unusable(error: ValidationError, where: str) -> InvalidRequest:
    """Return the first thing that is wrong with a pipeline, in words."""
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    if parts[:1] == ["steps"] and len(parts) > 1:
        parts[:2] = [f"step {parts[1]}"]
    words = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        words = "there is no such key"
    return InvalidRequest(f"{': '.join([where, *parts])}: {words}.")


def text_of(draft: OwnPipelineDraft) -> str:
    """Return a pipeline in YAML, as it can be read again."""
    told = draft.model_dump(
        mode="json",
        by_alias=True,
        exclude_defaults=True,
        include=set(OwnPipelineDraft.model_fields),
    )
    return str(yaml.safe_dump(told, sort_keys=False, allow_unicode=True))
