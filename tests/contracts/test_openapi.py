"""The API only grows: what programs rely on is neither renamed nor taken away.

What was added is relied on once it is kept: ``python -m tests.contracts.surface``.
"""

from __future__ import annotations

import json

import pytest

from tests.contracts.surface import KEPT, document, surface


@pytest.fixture(scope="module")
def now():
    return surface(document())


@pytest.fixture(scope="module")
def kept():
    return json.loads(KEPT.read_text())


@pytest.mark.slow
def test_no_operation_went_or_changed_its_name(now, kept):
    for name, before in kept.items():
        assert name in now
        assert now[name]["name"] == before["name"]


def test_what_was_sent_before_is_still_taken(now, kept):
    for name, before in kept.items():
        after = now[name]
        assert before["parameters"].keys() <= after["parameters"].keys(), name
        for parameter, needed in after["parameters"].items():
            was = before["parameters"].get(parameter, "optional")
            assert needed == "optional" or was == "required", (name, parameter)
        assert before["body"].keys() <= after["body"].keys(), name
        for kind, fields in before["body"].items():
            taken = after["body"][kind]
            plain = {field.replace("?", "") for field in taken}
            assert {field.replace("?", "") for field in fields} <= plain, name
            added = {
                field for field in taken if field not in fields and not field.endswith("?")
            }
            demanded = {field for field in added if "?" not in field and "[]" not in field}
            assert not demanded, (name, demanded)


def test_what_was_answered_before_is_still_answered(now, kept):
    for name, before in kept.items():
        for status, kinds in before["answers"].items():
            for kind, fields in kinds.items():
                told = now[name]["answers"][status][kind]
                plain = {field.replace("?", "") for field in told}
                assert {field.replace("?", "") for field in fields} <= plain, (name, status)
