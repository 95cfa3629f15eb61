"""What programs rely on in the API's document, flat enough to compare.

``python -m tests.contracts.surface`` writes it anew, when something was added.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("openapi.json")
_VERBS = ("get", "put", "post", "patch", "delete")
_DEEPEST = 8


def document(*, gateway: bool = False) -> dict[str, Any]:
    """Return the document of a site as it is installed, or of a gateway."""
    from appliance.api.app import create_app
    from appliance.core.settings import Settings
    from appliance.gateway.app import GatewayApp
    from appliance.pipelines.site import Site

    with tempfile.TemporaryDirectory() as folder:
        site = Site(Settings(home=Path(folder) / "home", engine="local"))
        app = GatewayApp(site).own if gateway else create_app(site)
        told = app.openapi()
        site.close()
    return told


def surface(told: dict[str, Any]) -> dict[str, Any]:
    """Return parameters, bodies and answers of every operation, field by field."""
    found = {}
    for path, item in sorted(told["paths"].items()):
        for verb in _VERBS:
            if verb in item:
                found[f"{verb.upper()} {path}"] = _operation(item[verb], told)
    return found


def _operation(operation: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    parameters = [_resolved(one, told) for one in operation.get("parameters", [])]
    return {
        "name": operation["operationId"],
        "parameters": {
            f"{one['in']} {one['name']}": "required" if one.get("required") else "optional"
            for one in parameters
        },
        "body": _content(operation.get("requestBody", {}), told),
        "answers": {
            status: _content(answer, told)
            for status, answer in sorted(operation["responses"].items())
            if "$ref" not in answer
        },
    }


def _content(part: dict[str, Any], told: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        kind: dict(sorted(_fields(content.get("schema", {}), told)))
        for kind, content in sorted(part.get("content", {}).items())
    }


def _fields(
    schema: dict[str, Any], told: dict[str, Any], path: str = "$", deep: int = 0
) -> Iterator[tuple[str, str]]:
    schema = _resolved(schema, told)
    if deep > _DEEPEST:
        return
    choices = [
        _resolved(one, told) for one in schema.get("anyOf", schema.get("oneOf", [schema]))
    ]
    kinds = sorted({str(one.get("type", "any")) for one in choices})
    yield path, " or ".join(kinds)
    for one in choices:
        required = one.get("required", ())
        for name, part in one.get("properties", {}).items():
            mark = "" if name in required else "?"
            yield from _fields(part, told, f"{path}.{name}{mark}", deep + 1)
        if "items" in one:
            yield from _fields(one["items"], told, f"{path}[]", deep + 1)


def _resolved(schema: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = told
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def main() -> None:
    """Write what is there now."""
    KEPT.write_text(json.dumps(surface(document()), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
