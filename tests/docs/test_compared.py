"""What the page that compares jobs counts is what is there."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
import yaml

from tests.docs.pages import ROOT, Page, commands, pages

PLACE = ROOT / "docs" / "explanation" / "jobs-compared"
PROGRAM = ("detect.py", "Dockerfile")
VOLUME = 0
"""Which of the objects of Kubernetes is the volume, which Kubeflow needs too."""


@pytest.fixture(scope="module")
def compared() -> Page:
    (page,) = [one for one in pages() if one.name.endswith("jobs-compared.md")]
    return page


def _lines(text: str) -> int:
    told = (line.strip() for line in text.splitlines())
    return sum(1 for line in told if line and not line.startswith(("#", '"""', "---")))


def _file(name: str) -> str:
    return (PLACE / name).read_text("utf-8")


def _row(page: Page, title: str) -> list[int]:
    (row,) = re.findall(rf"^\| {title} \|(.*)\|$", page.text, re.MULTILINE)
    return [int(cell) for cell in row.split("|")]


def test_the_lines_and_files_are_counted(compared: Page) -> None:
    (console,) = [block for block in compared.blocks if block.language == "console"]
    objects = _file("kubernetes.yaml").split("---\n")
    ours = len(commands(console))
    kubeflow = _lines(_file("kubeflow.py")) + _lines(objects[VOLUME])
    others = [_lines("\n".join(objects)), kubeflow, _lines(_file("sagemaker_jobs.py"))]
    assert _row(compared, "lines to run the job") == [ours, *others]
    program = sum(_lines(_file(name)) for name in PROGRAM)
    assert _row(compared, "lines of the program and its image") == [0, *3 * [program]]
    assert _row(compared, "files to keep") == [0, *(len(PROGRAM) + n for n in (1, 2, 1))]


def test_the_names_are_counted(compared: Page) -> None:
    who = ("Kizashi", "Kubernetes", "Kubeflow", "SageMaker")
    listed = [re.search(rf"(?ms)^- {one}: (.*?)\.$", compared.text) for one in who]
    assert _row(compared, "names that one must know") == [
        len(set(one[1].replace("\n", " ").split(","))) for one in listed if one
    ]


def test_the_objects_of_kubernetes_are_well_formed() -> None:
    kinds = []
    for one in yaml.safe_load_all(_file("kubernetes.yaml")):
        kubernetes_validate.validate(one, "1.33", strict=True)
        kinds.append(one["kind"])
    assert kinds == ["PersistentVolumeClaim", "CronJob", "CronJob"]


@pytest.mark.parametrize("name", ["detect.py", "kubeflow.py", "sagemaker_jobs.py"])
def test_the_programs_are_python(name: str) -> None:
    compile(_file(name), name, "exec")
