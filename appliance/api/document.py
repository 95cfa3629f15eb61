"""The API's own document (OpenAPI 3.1): what FastAPI cannot know of it is added here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from appliance.api import idempotency
from appliance.api.examples import Examples
from appliance.api.guard import COOKIE, CSRF_HEADER
from appliance.api.needs import PUBLIC
from appliance.api.problems import MEDIA_TYPE, TITLES, Problem

_VERBS = ("get", "put", "post", "patch", "delete")
_DONE = {"200": "Done.", "201": "Made.", "202": "Asked for.", "204": "Done; nothing to tell."}
_OF_WRITES = (408, 409, 507)
_WHY = {
    400: "The request is none that can be read.",
    401: "Nobody that the site knows asks: log in, or send a token.",
    403: "Whoever asks may not do that.",
    404: "It is not there, or not for whoever asks.",
    405: "The address does not take this method.",
    406: "The answer is not given in a form that was asked for.",
    408: "The body did not come, or too slowly.",
    409: "It contradicts what already stands.",
    412: "What is to be edited changed since it was seen.",
    413: "The body, or what was asked for, is larger than allowed.",
    415: "The body is of a kind that is not read here.",
    422: "An argument cannot be used: the detail says which and why.",
    429: "Too many requests: `Retry-After` says when to go on.",
    500: "Something unexpected went wrong: the log tells of the request's identifier.",
    503: "The database or the engine cannot be reached now: try again after `Retry-After`.",
    507: "No space is left where the home is.",
}
_KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "Any word of 1 to 200 visible ASCII characters. A request that is sent "
    "again with the same word within a day is given the first answer again, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def operation_name(route: APIRoute) -> str:
    """Return what programs call an operation: the name of its function."""
    return route.name


def complete(app: FastAPI) -> None:
    """Let an application's document tell of problems, of how to be known, and by examples."""
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
    parts["responses"] = {_named(status): _problem(status) for status in TITLES}
    parts["parameters"] = {"IdempotencyKey": _KEY}
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
    examples = Examples(schemas)
    for verb, operation in _operations(document):
        if PUBLIC in operation:
            operation["security"] = []
        elif verb == "post":
            key = {"$ref": "#/components/parameters/IdempotencyKey"}
            operation.setdefault("parameters", []).append(key)
        _exemplify(operation.get("requestBody", {}).get("content", {}), examples, short=True)
        answers = operation["responses"]
        for status, response in answers.items():
            answers[status] = _told(status, response, examples)
        for code in () if verb == "get" else _OF_WRITES:
            answers.setdefault(str(code), _reference(code))
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        for verb in _VERBS:
            if verb in path:
                yield verb, path[verb]


def _told(status: str, response: dict[str, Any], examples: Examples) -> dict[str, Any]:
    content = response.get("content", {})
    if MEDIA_TYPE in content:
        return _reference(int(status))
    if response["description"] == "Successful Response":
        response["description"] = _DONE[status]
    for body in content.values():
        body.pop("itemSchema", None)  # a word of OpenAPI 3.2
    _exemplify(content, examples, short=False)
    return response


def _reference(status: int) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/{_named(status)}"}


def _exemplify(content: dict[str, Any], examples: Examples, *, short: bool) -> None:
    for kind, body in content.items():
        if "json" in kind and "example" not in body and "examples" not in body:
            body["example"] = examples.of(body["schema"], short=short)


def _named(status: int) -> str:
    return TITLES[status].replace(" ", "")


def _problem(status: int) -> dict[str, Any]:
    problem = Problem(
        type=f"urn:kizashi:problem:{_named(status)}",
        title=TITLES[status],
        status=status,
        detail=_WHY[status],
        instance="req_01jnpq3vr8wz5kd0n2m4",
    )
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "example": problem.model_dump(mode="json")}}
    return {"description": _WHY[status], "content": content}
