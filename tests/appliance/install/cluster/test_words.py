"""The command line of clusters: its words, and that it refuses before it touches anything."""

from __future__ import annotations

import json
import shlex

import pytest

from appliance.cli.main import command, main
from tests.docs.pages import commands, pages

PAGE = "docs/how-to/cluster.md"


def told():
    (page,) = [page for page in pages() if page.name == PAGE]
    for block in page.blocks:
        if block.language == "sh":
            for one in commands(block):
                words = shlex.split(one.text.replace("\\\n", ""))
                if words[:2] == ["kizashi", "cluster"]:
                    yield words[1:]


@pytest.mark.parametrize("words", list(told()), ids=" ".join)
def test_the_page_says_words_that_there_are(words):
    found = command().commands["cluster"].commands[words[1]]
    context = found.make_context(words[1], words[2:])
    assert context.params


@pytest.fixture
def kizashi(tmp_path, monkeypatch, capsys):
    """Run a command in this process, where there is no program of clusters."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KIZASHI_HOME", str(tmp_path / "home"))

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["cluster", *words])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_what_is_missing_is_told_in_words_and_as_json(kizashi, tmp_path):
    status, out, err = kizashi("up", "--target", "kind", "--check")
    assert (status, err) == (1, "")
    assert "wrong helm: helm is not there" in out
    status, out, _ = kizashi("up", "--target", "kind", "--check", "--json")
    assert status == 1
    states = {one["name"]: one["state"] for one in json.loads(out)}
    assert states["kind"] == "wrong"
    status, out, err = kizashi("up", "--target", "kind")
    assert (status, out) == (1, "")
    assert "things keep this from working" in err
    assert not (tmp_path / "home" / "kizashi.db").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "--target", "nope"), "One of: kind, eks, context"),
        (("up", "--target", "kind", "--name", "Plant"), "--name Plant"),
        (("up", "--target", "kind", "--size", "huge"), "One of: small, medium"),
        (("up", "--target", "kind", "--context", "prod"), "kind's own is kind-kizashi"),
        (("up", "--target", "kind", "--values", "none.yaml"), "there is no such file"),
    ],
)
def test_wrong_words_end_with_status_2(kizashi, words, said):
    status, _, err = kizashi(*words)
    assert status == 2
    assert said in err


@pytest.mark.parametrize("verb", ["status", "down", "upgrade", "rollback"])
def test_without_kubectl_that_is_said(kizashi, verb):
    status, _, err = kizashi(verb)
    assert status == 1
    assert err == "kizashi: kubectl cannot be run: No such file or directory. Install it.\n"
