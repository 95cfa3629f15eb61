"""The API's own document (OpenAPI 3.1): what FastAPI cannot know of it is added here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from appliance.api.guard import COOKIE, CSRF_HEADER
from appliance.api.needs import PUBLIC
from appliance.api.problems import Problem

_VERBS = ("get", "put", "post", "patch", "delete")


def complete(app: FastAPI) -> None:
    """Let an application's document tell of problems and of how to be known."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": f"Writes send the session's CSRF token as {CSRF_HEADER} beside it.",
        },
    }
    document["security"] = [{"token": []}, {"session": []}]
    for path in document["paths"].values():
        for verb, operation in path.items():
            if verb in _VERBS and PUBLIC in operation:
                operation["security"] = []
    return document
