"""The API's document: valid OpenAPI 3.1, with names that read well, examples, and problems."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from appliance.api.app import PREFIX, create_app
from appliance.core.settings import Settings
from appliance.pipelines.site import Site

VERBS = ("get", "put", "post", "patch", "delete")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    site = Site(Settings(home=tmp_path_factory.mktemp("site"), engine="local"))
    yield create_app(site).openapi()
    site.close()


@pytest.fixture(scope="module")
def operations(document):
    return {
        f"{verb.upper()} {path.removeprefix(PREFIX)}": path_item[verb]
        for path, path_item in document["paths"].items()
        for verb in VERBS
        if verb in path_item
    }


@pytest.mark.slow
def test_it_is_valid(document):
    assert document["openapi"].startswith("3.1.")
    validate(document)


@pytest.mark.slow
def test_operations_have_names_of_their_own_that_read_well(operations):
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", name)] == []


def test_every_operation_says_what_it_does_and_what_can_go_wrong(operations):
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert len(operation["tags"]) == 1, name
        for status in ("401", "403", "422", "429", "503"):
            assert "$ref" in operation["responses"][status], (name, status)


def test_every_body_and_answer_in_json_has_an_example_that_fits(document, operations):
    wrong = []
    for name, operation in operations.items():
        bodies = {"body": operation.get("requestBody", {})} | operation["responses"]
        for which, told in bodies.items():
            for kind, content in told.get("content", {}).items():
                if "json" not in kind or kind == "application/x-ndjson":
                    continue
                # References into the document hold as the schema carries its components.
                schema = content["schema"] | {"components": document["components"]}
                check = Draft202012Validator(
                    schema, format_checker=Draft202012Validator.FORMAT_CHECKER
                )
                examples = [one["value"] for one in content.get("examples", {}).values()]
                for example in examples or [content["example"]]:
                    wrong += [
                        f"{name} {which} {kind}: {error.json_path} {error.message}"
                        for error in check.iter_errors(example)
                    ]
    assert wrong == []


def test_text_that_is_sent_is_bounded(document):
    """Every text and list that is asked for by has a limit."""
    unbounded = []
    for path, item in document["paths"].items():
        for verb in VERBS:
            unbounded += [
                f"{verb} {path}: {parameter['name']}"
                for parameter in item.get(verb, {}).get("parameters", [])
                if parameter.get("in") == "query"
                and not _bounded(parameter["schema"], document)
            ]
    assert unbounded == []


def _bounded(schema, document) -> bool:
    if "$ref" in schema:
        return _bounded(
            document["components"]["schemas"][schema["$ref"].split("/")[-1]], document
        )
    if "anyOf" in schema:
        return all(_bounded(choice, document) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return "maxItems" in schema
    if schema.get("type") == "string":
        return bool({"maxLength", "pattern", "enum", "const", "format"} & schema.keys())
    return True


def test_those_not_known_may_only_log_in(operations):
    public = {name for name, operation in operations.items() if operation.get("security") == []}
    assert public == {
        "POST /session",
        "GET /session/ways",
        "GET /session/oidc",
        "GET /session/oidc/callback",
    }
