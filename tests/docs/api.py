"""The reference page of the API, written from its document."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from appliance.api.needs import OVER, PUBLIC, RIGHT
from tests.contracts.surface import document

_GATEWAY = "gateway"
_TITLES = {_GATEWAY: "At a gateway alone"}
_VERBS = ("get", "post", "put", "patch", "delete")
_HEAD = """# REST API

Below `/api/v1`; this page is written from the document that a site serves at
`/api/v1/openapi.json` (OpenAPI 3.1), which has every field, with examples. How to use it:
[Use the API](../how-to/api.md).

| what | how |
|---|---|
| who asks | `Authorization: Bearer TOKEN`, or a session's cookie with `X-CSRF-Token` on writes |
| lists | `{"items": […], "next": CURSOR}`; `?cursor=` goes on, `?limit=` is at most 500 |
| times | ISO 8601 with a zone |
| errors | `application/problem+json`: `type`, `title`, `status`, `detail`, `remedy`, `instance`, `errors` |
| writes sent again | `Idempotency-Key` on POST: the first answer is given again for a day |
| edits | `ETag` of what was read, `If-Match` with the edit: 412 if it changed since |
| too often | 429 with `Retry-After` |

`GET /healthz` tells whether the process lives, `GET /readyz` whether it can serve; neither needs a
login.

## Problems

`type` is `urn:kizashi:problem:` and a name; names are added, none is changed.

"""  # noqa: E501 - rows of a table


def api() -> Iterator[str]:
    """Yield the page's lines."""
    told = document()
    yield _HEAD.rstrip()
    yield ""
    yield "| status | meaning |"
    yield "|---|---|"
    responses = told["components"]["responses"].values()
    for problem in sorted(_example(answer) for answer in responses):
        yield f"| {problem[0]} {problem[1]} | {problem[2]} |"
    yield ""
    yield from _tagged(told, {tag for _, _, one in _operations(told) for tag in one["tags"]})
    yield from _tagged(document(gateway=True), {_GATEWAY})


def _tagged(told: dict[str, Any], tags: Collection[str]) -> Iterator[str]:
    for tag in sorted(tags):
        yield f"## {_TITLES.get(tag, tag.capitalize())}"
        yield ""
        yield "| operation | what it does | needs |"
        yield "|---|---|---|"
        for verb, path, operation in _operations(told):
            if operation["tags"] == [tag]:
                yield f"| `{verb} {path}` | {operation['summary']} | {_needs(operation)} |"
        yield ""


def _operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in sorted(told["paths"].items()):
        for verb in _VERBS:
            if verb in item:
                yield verb.upper(), path.removeprefix("/api/v1"), item[verb]


def _example(answer: dict[str, Any]) -> tuple[int, str, str]:
    example = answer["content"]["application/problem+json"]["example"]
    return example["status"], example["title"], example["detail"]


def _needs(operation: dict[str, Any]) -> str:
    if PUBLIC in operation:
        return "nothing"
    if operation.get(RIGHT) is None:
        return "to be known"
    where = {
        "site": "over the site",
        "visible": "; shows what one may see",
        "body": "where the body says",
    }.get(operation[OVER], f"in the {operation[OVER]}'s project")
    where = "in the project" if operation[OVER] == "project" else where
    return f"`{operation[RIGHT]}`{'' if where.startswith(';') else ' '}{where}"
