"""What the pages tell a user to type works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from appliance.cli.main import main
from appliance.core.settings import Settings
from appliance.fleet import resolve
from appliance.telemetry.cost.book import FILE, price_book
from tests.docs.pages import ROOT, Command, Page, commands, pages
from tests.docs.serving import serving

NOT_RUN = {
    "git clone": "needs the address of a repository",
    "cd kizashi": "belongs to the line before",
    "./install.sh": "tests/appliance/install runs it",
    "kizashi up": "tests/appliance/machine runs it",
    "kizashi serve gateway": "stays: tests/appliance/gateway has gateways that serve",
    "kizashi cluster": "needs a Kubernetes: tests/e2e has one; the words are parsed in install",
    "KIZASHI_DATA=/path/to/data": "names tests that run beside these",
    "make": "runs these very tests",
    "docker": "needs the image: tests/image runs them",
    "python -m tests.docs.reference": "test_reference compares what it writes",
    "python -m benchmarks": "tests/benchmarks runs them",
    "python -m pytest": "tests/appliance/steps/test_scaffolding runs those tests",
    "pip install": "nothing is installed while testing",
    "kizashi --ca": "needs a site elsewhere: tests/appliance/cli/test_remote does it",
    "kizashi --url": "needs a site elsewhere: tests/appliance/cli/test_remote does it",
}
"""Commands, by how they begin, that are not run here, and why."""
INSTALLING = ("docs/how-to/install.md", "docs/tutorial/own-detector.md")
"""Their commands install: tests/appliance/install and test_own_detector run them."""
FIXED = "docs/tutorial/skab.md"
"""This page begins with an empty home and works on the real data sets."""
_CONNECTS = "kizashi.connect(url, token)"
_ID = re.compile(r"\bID\b")
_WINDOW = re.compile(r"\bWINDOW\b")
_APPROVAL = re.compile(r"\bAPPROVAL\b")
_EVENT = re.compile(r"\bevt_")

Typed = Callable[[str], str]


def _pages(*languages: str) -> list[Page]:
    return [page for page in pages() if {b.language for b in page.blocks} & {*languages}]


def _typed(page: Page) -> list[Command]:
    return [
        command
        for block in page.blocks
        if block.language in ("console", "sh")
        for command in commands(block)
    ]


def _reason(command: str) -> str:
    bare = command.removeprefix(".venv/bin/")
    return next((why for begin, why in NOT_RUN.items() if bare.startswith(begin)), "")


@pytest.fixture
def type_in(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command: ours in this process, others in a shell."""

    def own(words: list[str]) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        assert not ended.value.code, f"kizashi {shlex.join(words)}: {told.err}"
        return told.out

    def run(command: str) -> str:
        if _ID.search(command):
            (first, *_) = json.loads(own(["events", "pumps", "--json"]))
            command = _ID.sub(first["id"], command)
        if _WINDOW.search(command):
            (first, *_) = json.loads(own(["calendar", "list", "pumps", "--json"]))
            command = _WINDOW.sub(first["id"], command)
        if _APPROVAL.search(command):
            (first, *_) = json.loads(own(["approvals", "pumps", "--json"]))
            command = _APPROVAL.sub(first["id"], command)
        if command.startswith("kizashi ") and not re.search(r"[|>;$*]", command):
            return own(shlex.split(command.replace("\\\n", ""))[1:])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", _FUNCTION + command],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    return run


_FUNCTION = f"""kizashi() {{ PYTHONPATH={shlex.quote(str(ROOT))} {
    shlex.quote(__import__("sys").executable)
} -m appliance.cli.main "$@"; }}
"""


@pytest.mark.slow
@pytest.mark.parametrize("page", _pages("console", "sh"), ids=lambda page: page.name)
def test_commands(
    page: Page,
    place: Path,
    type_in: Typed,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if page.name.startswith(FIXED):
        monkeypatch.setenv("KIZASHI_DATA", str(request.getfixturevalue("data_dir")))
        monkeypatch.setenv("KIZASHI_HOME", str(place / "tutorial-home"))
    for command in _typed(page) if page.name not in INSTALLING else ():
        if not _reason(command.text):
            _compare(command, type_in(command.text))


def _compare(command: Command, told: str) -> None:
    """Shown lines are lines of the output, but for numbers; rows of events may differ."""
    known = {_without_numbers(line) for line in told.splitlines()}
    for line in command.shown:
        if line.strip() not in ("", "…") and not _EVENT.search(line):
            assert _without_numbers(line) in known, f"{command.text}: {line}\n{told}"


def _without_numbers(line: str) -> str:
    return " ".join(re.sub(r"[-\d.,]+", "#", line).split())


@pytest.mark.slow
@pytest.mark.parametrize("page", _pages("python"), ids=lambda page: page.name)
def test_python(page: Page, place: Path) -> None:
    asks = _CONNECTS in page.text
    with serving(place / "home") if asks else nullcontext({}) as given:
        names: dict[str, object] = {"__name__": "page", **given}
        for block in page.blocks:
            if block.language == "python":
                # Padded, so that a traceback names the line of the page.
                code = compile("\n" * (block.line - 1) + block.text, page.name, "exec")
                exec(code, names)


@pytest.mark.parametrize("page", _pages("toml"), ids=lambda page: page.name)
def test_recipes_and_settings(page: Page, tmp_path: Path) -> None:
    for number, block in enumerate(b for b in page.blocks if b.language == "toml"):
        if "kizashi.toml" in block.text.splitlines()[0]:
            home = tmp_path / str(number)
            home.mkdir()
            (home / "kizashi.toml").write_text(block.text, "utf-8")
            Settings(home=home)
        elif FILE in block.text.splitlines()[0]:
            (tmp_path / FILE).write_text(block.text, "utf-8")
            price_book(Settings(home=tmp_path))
        elif "entry-points" not in block.text:
            path = tmp_path / f"recipe{number}.toml"
            path.write_text(block.text, "utf-8")
            resolve(path)


def test_what_is_not_run_is_there() -> None:
    left = [c.text for page in pages() for c in _typed(page) if _reason(c.text)]
    installer = (ROOT / "install.sh").read_text("utf-8")
    options = (ROOT / "appliance" / "install" / "bootstrap.py").read_text("utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for command in left:
        words = shlex.split(command, comments=True)
        if words[0] == "./install.sh":
            for flag in (word for word in words if word.startswith("--")):
                assert flag in installer + options, command
        if words[0] == "make":
            named = {word for word in words[1:] if "=" not in word}
            assert named <= set(targets), command
        if words[1:3] == ["-m", "benchmarks"]:
            names = {path.stem for path in (ROOT / "benchmarks").iterdir()}
            assert words[3] in names, command


def test_exceptions_are_needed() -> None:
    every = [command.text for page in pages() for command in _typed(page)]
    for begin in NOT_RUN:
        assert any(command.startswith(begin) for command in every), f"no page says {begin}"
