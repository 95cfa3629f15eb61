"""The reference says what the code is: all commands, fields, settings, keys and names."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import appliance
from appliance.client import JobHandle
from appliance.core.settings import Settings
from appliance.lake.names import RESERVED
from appliance.pipelines.score import ScoreReport
from appliance.schemas.access import Project, Token, User
from appliance.schemas.audit import AuditCheck, AuditEntry
from appliance.schemas.backup import BackupMade, BackupNote, Restored
from appliance.schemas.calendar import CalendarPreview, ImportReport, Window
from appliance.schemas.event import Event, EventComment, EventRevision
from appliance.schemas.ingest import FileReport, IngestReport
from appliance.schemas.job import Job, JobStep
from appliance.schemas.model import Lineage, ModelVersion
from appliance.schemas.schedule import Schedule
from appliance.schemas.score import FIXED, Judgement
from appliance.schemas.scorecard import Scorecard, ScorecardRow
from detectors.checks import all_checks
from tests.docs import reference

_PUBLIC = ("score", "expected", "sensor_faults", "events", "score_files", "save", "describe")


def _read(name: str) -> str:
    return (reference.FOLDER / name).read_text("utf-8")


def _listed(text: str) -> set[str]:
    """Return the names in the first cells of a page's tables."""
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize("name", reference.PAGES)
def test_written_from_the_code(name: str) -> None:
    told = reference.page(name)
    assert _read(name) == told, "write it anew: python -m tests.docs.reference"


def test_settings() -> None:
    text = _read("settings.md")
    assert _listed(text) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, str | int | float) and field.default != "":
            row = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
            told = (
                str(field.default).lower() if isinstance(field.default, bool) else field.default
            )
            assert f"`{told}`" in row.replace(",", ""), name


@pytest.mark.parametrize(
    "names",
    [
        set(Event.model_fields),
        set(EventRevision.model_fields),
        set(EventComment.model_fields),
        set(IngestReport.model_fields),
        set(FileReport.model_fields),
        set(ModelVersion.model_fields),
        set(Lineage.model_fields),
        set(User.model_fields),
        set(Project.model_fields),
        set(Token.model_fields),
        set(AuditEntry.model_fields),
        set(AuditCheck.model_fields),
        set(Window.model_fields),
        set(CalendarPreview.model_fields),
        set(ImportReport.model_fields),
        set(Job.model_fields),
        set(JobStep.model_fields),
        set(Schedule.model_fields),
        set(Scorecard.model_fields),
        set(ScorecardRow.model_fields),
        set(BackupMade.model_fields),
        set(BackupNote.model_fields),
        set(Restored.model_fields),
        {field.name for field in fields(ScoreReport)},
    ],
)
def test_keys_of_json(names: set[str]) -> None:
    assert names <= set(re.findall(r"`(\w+)`", _read("json.md")))


def test_python() -> None:
    text = _read("python.md")
    for name in (*appliance.__all__, *_PUBLIC):
        assert f"`{name}" in text or f".{name}(" in text, name
    for state in Judgement:
        assert f"`{state.name.lower()}`" in text


def test_client() -> None:
    text = _read("client.md")
    plant = appliance.connect("https://plant:8443", "token")
    groups = {name: member for name, member in vars(plant).items() if name[0] != "_"}
    nouns = (plant, plant.fleet("pumps"), plant.event("evt_1"), JobHandle, *groups.values())
    missing = [
        f"{noun!r}.{name}"
        for noun in nouns
        for name in {*dir(noun), *groups}
        if name[0] != "_" and not re.search(rf"`{name}[`(]", text)
    ]
    plant.close()
    assert missing == []


def test_lake() -> None:
    text = _read("lake.md")
    for name in {*FIXED, *RESERVED}:
        assert f"`{name}`" in text
    for state in Judgement:
        assert re.search(rf"\| {state.value} \| `{state.name.lower()}`", text)


def test_checks_of_detectors(request: pytest.FixtureRequest) -> None:
    page = Path(request.config.rootpath) / "docs" / "how-to" / "own-detector.md"
    assert f"{len(all_checks())} checks" in page.read_text("utf-8")
