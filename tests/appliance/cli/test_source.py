"""Commands on sources, at the machine and from elsewhere."""

from __future__ import annotations

import io
import json
import sys


def ok(told):
    assert told.status == 0, told.err
    return told.out


def test_a_source_is_tried_added_paused_and_removed(kizashi, full):
    box = full / "import" / "box"
    box.mkdir(parents=True)
    assert "no source yet" in ok(kizashi("source", "list"))
    given = ("source", "folder", "exports", "box", "--fleet", "pumps", "--asset", "machine")
    tried = kizashi(*given, "--try")
    assert (tried.status, "no file '*' in 'box' yet" in tried.out) == (1, True)
    (box / "a.csv").write_text("time,machine,flow\n2026-03-01T08:00,P-1,1.5\n")
    shown = ok(kizashi(*given, "--try"))
    assert shown.splitlines()[0].split() == ["time", "machine", "flow"]
    assert "asset: machine, as asked" in shown
    assert ok(kizashi(*given)) == "exports: folder box/* into pumps, every 60 s, new\n"
    assert kizashi(*given).status == 1
    assert ok(kizashi("source", "pause", "exports")).endswith(", paused\n")
    [told] = json.loads(ok(kizashi("source", "list", "--json")))
    assert (told["state"], told["origin"]["after"], told["judge"]) == ("paused", "keep", True)
    assert ok(kizashi("source", "resume", "exports")).endswith(", new\n")
    assert "exports  pumps  folder box/*" in ok(kizashi("source", "list", "--fleet", "pumps"))
    assert ok(kizashi("source", "show", "exports")).startswith("exports: folder box/*")
    assert ok(kizashi("source", "remove", "exports")) == "exports: removed\n"


def test_a_password_never_stands_in_the_words_of_a_command(kizashi, full, monkeypatch):
    for kind in (
        ("sql", "db", "--host", "h", "--database", "d", "--table", "t"),
        ("mqtt", "mq", "--host", "h", "--topic", "plant/{asset}/{sensor}", "--tls"),
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO("open sesame\n"))
        given = ("source", *kind, "--fleet", "pumps", "--user", "reader", "--secret-stdin")
        told = json.loads(ok(kizashi(*given, "--json")))
        assert told["secrets"] == ["password"]
        assert "password" not in told["origin"]


def test_what_is_said_is_changed_and_the_rest_stays(kizashi, full, monkeypatch):
    given = ("--host", "h", "--topic", "p/{asset}/#", "--payload", "json", "--time", "at")
    monkeypatch.setattr(sys, "stdin", io.StringIO("open sesame\n"))
    secret = ("--user", "reader", "--secret-stdin")
    ok(kizashi("source", "mqtt", "mq", "--fleet", "pumps", *given, *secret))
    changes = ("every=300", "time=", "step=5", "judge=no", "context=load,speed")
    told = json.loads(ok(kizashi("source", "edit", "mq", *changes, "--json")))
    assert (told["every"], told["judge"], told["context"]) == (300, False, ["load", "speed"])
    origin = told["origin"]
    assert (origin["time"], origin["step"], origin["payload"]) == ("", 5, "json")
    assert (told["secrets"], told["revision"]) == (["password"], 2)
    monkeypatch.setattr(sys, "stdin", io.StringIO("open barley\n"))
    told = json.loads(
        ok(kizashi("source", "edit", "mq", "host=other", "--secret-stdin", "--json"))
    )
    assert (told["origin"]["host"], told["secrets"]) == ("other", ["password"])
    assert "topic" in kizashi("source", "edit", "mq", "color=red").err
    assert "origin.mqtt.port" in kizashi("source", "edit", "mq", "port=none").err


def test_what_cannot_be_used_is_told_in_words(kizashi, full):
    given = ("source", "mqtt", "mq", "--fleet", "pumps", "--host", "h", "--topic", "plant/{x}")
    wrong = kizashi(*given)
    assert wrong.status == 2
    assert "the source's origin.mqtt.topic cannot be used" in wrong.err
    assert "there is no source 'x'" in kizashi("source", "show", "x").err
