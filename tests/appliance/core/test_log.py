"""The log: one line an entry, for people or programs, on its trail, and never a secret."""

from __future__ import annotations

import io
import json
import logging

import pytest

from appliance.core import log
from appliance.core.redact import HIDDEN, redacted, redacted_facts
from appliance.core.trail import Trail, following, from_headers, listen, span, within

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"
TOKEN = "kz_0123456789abcdef_" + "A" * 43
SECRETS = {
    "a password": ("login failed: password=hunter2hunter2", "hunter2hunter2"),
    "a password in JSON": ('{"password": "hunter 2", "user": "yuki"}', "hunter 2"),
    "an argument": ("kizashi login --password hunter2x", "hunter2x"),
    "a setting": ("oidc_client_secret = 'Zm9vYmFy'", "Zm9vYmFy"),
    "an address of a database": ("postgresql://kizashi:hunter2@db:5432/kizashi", "hunter2"),
    "a user in an address": ("https://hunter2@git.example/x", "hunter2"),
    "a bearer": ("Authorization: Bearer abc.def-ghi012345", "abc.def-ghi012345"),
    "a token of ours": (f"who is {TOKEN}?", TOKEN),
    "a session": ("cookie ks_" + "B" * 43, "B" * 43),
    "a JWT": ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJzdWIiOiIxIn0"),
    "a private key": (f"cannot read {KEY}", "MIIEvQIBADANBg"),
    "a cut private key": (KEY[:50], "MIIEvQ"),
    "a key of a cloud": ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
    "a chat's hook": ("https://chat.example/hooks/T01/abcdef", "T01/abcdef"),
    "a digest of a password": ("$argon2id$v=19$m=65536,t=3$c2FsdA$aGFzaA", "c2FsdA"),
}


@pytest.fixture
def written():
    """What is written to the log; the log as it was before afterwards."""
    root = logging.getLogger("appliance")
    before, level, propagate = list(root.handlers), root.level, root.propagate
    stream = io.StringIO()
    root.handlers[:] = [logging.StreamHandler(stream)]
    yield stream
    root.handlers[:], root.propagate = before, propagate
    root.setLevel(level)


def lines(written: io.StringIO) -> list[str]:
    return written.getvalue().splitlines()


# ---------------------------------------------------------------- lines
def test_a_line_for_people_carries_its_trail(written):
    log.set_up("info")
    with following(Trail(request="req_1", job="job_2")), within(step="fit", task=3):
        log.get("appliance.x").info("began\nanew")
    log.get("appliance.x").debug("not this")
    (line,) = lines(written)
    assert line.endswith("INFO appliance.x [req_1 job_2 step=fit task=3]: began | anew")


def test_a_line_for_programs_is_one_of_json(written):
    log.set_up("info", "json")
    with following(Trail(request="req_1", trace=TRACE)):
        try:
            raise ValueError("password=hunter2x")
        except ValueError:
            log.get("appliance.x").exception("it %s", "failed")
    (line,) = lines(written)
    told = json.loads(line)
    assert told["message"] == "it failed"
    assert (told["level"], told["logger"]) == ("error", "appliance.x")
    assert (told["request"], told["trace"]) == ("req_1", TRACE[3:35])
    assert "Traceback" in told["error"]
    assert "hunter2x" not in line


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("what", SECRETS)
def test_no_secret_is_written(written, form, what):
    text, secret = SECRETS[what]
    log.set_up("info", form)
    log.get("appliance.x").info("%s", text)
    log.get("appliance.x").info(text.replace("%", "%%"))
    told = written.getvalue()
    assert HIDDEN in told
    assert secret not in told


def test_plain_words_stay():
    for text in (
        "the password is wrong.",
        "3 tokens were removed",
        "https://plant.example:8443/api/v1/jobs",
        "job_06c2abc train pumps begins",
        "sqlite:////home/x/kizashi.db",
    ):
        assert redacted(text) == text


def test_what_is_named_a_secret_is_hidden_in_facts():
    told = redacted_facts(
        {
            "password": "a", "oidc_client_secret": "b", "api-key": "c", "authorization": "d",
            "name": "plant", "empty_secret": "", "deep": [{"tokens": ["e"]}], "n": 3,
            "url": "postgresql://u:hunter2@h/d", "note": "knows s3cret",
        },
        secrets=["s3cret"],
    )  # fmt: skip
    assert told == {
        "password": HIDDEN, "oidc_client_secret": HIDDEN, "api-key": HIDDEN,
        "authorization": HIDDEN, "name": "plant", "empty_secret": "",
        "deep": [{"tokens": HIDDEN}], "n": 3,
        "url": f"postgresql://{HIDDEN}@h/d", "note": f"knows {HIDDEN}",
    }  # fmt: skip


def test_what_was_said_elsewhere_is_said_again_on_its_trail(written):
    with following(Trail(request="req_9")), within(task=4), log.collected() as said:
        log.get("appliance.far").warning("token=%s", "hunter2x")
        log.get("appliance.far").debug("no")
    assert "hunter2x" not in repr(said)
    written.truncate(0), written.seek(0)
    log.set_up("info")
    log.repeat(said)
    (line,) = lines(written)
    assert line.endswith(f"WARNING appliance.far [req_9 task=4]: token={HIDDEN}")


# ---------------------------------------------------------------- trails
@pytest.mark.parametrize(
    ("request_id", "trace", "expected"),
    [
        ("plant-42.a_b", "", "plant-42.a_b"),
        ("plant-42.a_b", TRACE, "plant-42.a_b"),
        ("", TRACE, TRACE[3:35]),
        ("short", TRACE.upper(), TRACE[3:35]),
    ],
)
def test_a_request_keeps_the_name_its_caller_gave_it(request_id, trace, expected):
    found = from_headers(request_id, trace)
    assert found.request == expected
    assert found.trace == trace.lower()


@pytest.mark.parametrize(
    "bad", ["", "x", "a b c d e f g h", "é" * 9, "x" * 65, "-" * 9, "a\n" * 9]
)
@pytest.mark.parametrize(
    "trace",
    [
        "",
        "00-1-2-01",
        TRACE.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        "ff" + TRACE[2:],
    ],
)
def test_what_is_no_name_is_not_taken(bad, trace):
    found = from_headers(bad, trace)
    assert found.request.startswith("req_")
    assert found.trace == ""


def test_spans_are_children_of_each_other_and_tell_what_failed():
    kept = []
    before = listen(kept.append)
    try:
        with following(Trail(request="r", trace=TRACE)), span("outer"):
            with pytest.raises(ValueError, match="no"), span("inner", number=1):
                raise ValueError("no")
            with following(Trail(trace=TRACE[:-1] + "0")), span("not recorded"):
                pass
    finally:
        listen(before)
    inner, outer = kept
    assert (outer.parent, inner.parent) == ("b7ad6b7169203331", outer.id)
    assert {inner.trace, outer.trace} == {TRACE[3:35]}
    assert (inner.error, outer.error) == ("ValueError: no", "")
    assert inner.facts["number"] == 1
    assert outer.began <= inner.began <= inner.ended <= outer.ended
    with span("nobody listens") as told:
        assert told is None
