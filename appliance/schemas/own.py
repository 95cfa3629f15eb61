"""Code and pipelines of the site's own people: steps declared, registered and joined."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from appliance.schemas.access import Right
from appliance.schemas.base import NAME_PATTERN, Schema

MOST_STEPS = 100
MOST_PARAMETERS = 100
MOST_JSON = 2**20
"""Bytes of the JSON that a step gives."""
LONGEST_STEP = 48 * 3600.0
"""Seconds that a step may take at most."""
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]{0,3})\s*")

OwnName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, strip_whitespace=True)]
CodeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.!+_-]{0,39}$")]
StepName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,59}$")]
Text = Annotated[str, StringConstraints(max_length=2_000)]


def size_of(text: str | float) -> int:
    """Return a size in bytes, written as ``2GB``, ``512 MiB`` or a number.

    Raises
    ------
    ValueError
        It is none.
    """
    found = _SIZE.fullmatch(str(text))
    if found is None or found[2].upper() not in _UNITS:
        raise ValueError(f"{text!r} is no size such as 2GB or 512MiB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


class StepKind(StrEnum):
    """What a step of an own pipeline is."""

    FUNCTION = "function"
    NOTEBOOK = "notebook"
    COMMAND = "command"
    PIPELINE = "pipeline"


class CodeKind(StrEnum):
    """What was registered."""

    PACKAGE = "package"
    NOTEBOOK = "notebook"


class Resources(Schema):
    """What a step needs of a machine.

    Attributes
    ----------
    cpu, gpu
        Processors and graphics processors.
    memory
        Bytes that its process may have for data; written as ``2GB``. No bound if not given.
    """

    cpu: float = Field(1.0, gt=0, le=1_024)
    memory: int | None = Field(None, ge=2**26, le=2**46)
    gpu: float = Field(0.0, ge=0, le=64)

    @field_validator("memory", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return value if value is None else size_of(value)


class DeclaredStep(Schema):
    """A step as its code declares it.

    Attributes
    ----------
    entry
        Where the function is, as ``module:name``.
    inputs
        JSON Schema of each by name; ``{"format": "file"}`` is a file, ``"table"`` a table.
    required
        Those that have no default.
    outputs
        The same of what it gives.
    timeout
        Seconds that it may take.
    packages
        Of an environment of its own, as pip would be told them; none for the site's.
    """

    name: StepName
    entry: str = Field(
        max_length=400,
        pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$",
        examples=["wear:mean"],
    )
    summary: str = Field("", max_length=500)
    inputs: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_PARAMETERS)
    required: tuple[str, ...] = ()
    outputs: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_PARAMETERS)
    resources: Resources = Resources()
    timeout: float = Field(3_600.0, gt=0, le=LONGEST_STEP)
    packages: tuple[Annotated[str, StringConstraints(max_length=200)], ...] = ()


class Code(Schema):
    """What was registered, in one version.

    Attributes
    ----------
    file
        What it was called.
    sha256
        Of its bytes, in hexadecimal digits.
    """

    name: CodeName
    version: Version
    kind: CodeKind
    file: str
    sha256: str
    bytes: int
    summary: str = ""
    steps: tuple[DeclaredStep, ...] = ()
    added: AwareDatetime
    added_by: str


class OwnStep(Schema):
    """One step of an own pipeline: exactly one of what it does is said.

    Attributes
    ----------
    use
        A function of a registered package, as ``PACKAGE:STEP`` or ``PACKAGE@VERSION:STEP``.
    notebook
        A registered notebook, as ``NAME`` or ``NAME@VERSION``.
    command
        A program and what it is told; it finds its inputs in ``inputs.json`` in its folder, and
        what it gives is what it writes to ``outputs.json`` and into the folder ``outputs``.
    pipeline
        One of Kizashi's own, by name.
    given
        Inputs by name (``with`` in the file): values, ``${parameters.NAME}``, ``${STEP}`` or
        ``${STEP.OUTPUT}``.
    needs
        Steps that must have ended before, beside those that inputs name.
    cpu, memory, gpu, timeout
        Where they differ from what the code declares.
    environment
        Variables that a program or notebook sees.
    """

    use: str | None = Field(None, max_length=200)
    notebook: str | None = Field(None, max_length=200)
    command: tuple[Text, ...] | None = Field(None, min_length=1, max_length=200)
    pipeline: str | None = Field(None, max_length=40)
    given: dict[str, Any] = Field(
        default_factory=dict, alias="with", max_length=MOST_PARAMETERS
    )
    needs: tuple[StepName, ...] = Field((), max_length=MOST_STEPS)
    cpu: float | None = Field(None, gt=0, le=1_024)
    memory: int | None = Field(None, ge=2**26, le=2**46)
    gpu: float | None = Field(None, ge=0, le=64)
    timeout: float | None = Field(None, gt=0, le=LONGEST_STEP)
    environment: dict[str, Text] = Field(default_factory=dict, max_length=100)

    @field_validator("memory", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return value if value is None else size_of(value)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = [self.use, self.notebook, self.command, self.pipeline]
        if sum(one is not None for one in said) != 1:
            raise ValueError("say exactly one of use, notebook, command and pipeline")
        return self

    @property
    def kind(self) -> StepKind:
        """What it is."""
        if self.use is not None:
            return StepKind.FUNCTION
        if self.notebook is not None:
            return StepKind.NOTEBOOK
        return StepKind.COMMAND if self.command is not None else StepKind.PIPELINE


class OwnPipelineDraft(Schema):
    """A pipeline that somebody joins of steps.

    Attributes
    ----------
    parameters
        By name, with their defaults; one that is null must be given.
    """

    name: OwnName
    summary: str = Field("", max_length=500)
    parameters: dict[StepName, Any] = Field(
        default_factory=dict, max_length=MOST_PARAMETERS, examples=[{"days": 7}]
    )
    steps: dict[StepName, OwnStep] = Field(
        min_length=1,
        max_length=MOST_STEPS,
        examples=[{"mean": {"use": "wear:mean", "with": {"days": "${parameters.days}"}}}],
    )


class OwnPipeline(OwnPipelineDraft):
    """A pipeline of the site's own people.

    Attributes
    ----------
    revision
        Goes up by one with each change.
    rights
        What whoever runs it must have.
    order
        Its steps, each after all that it needs.
    links
        From which step to which, by references and `needs`.
    """

    revision: int
    rights: tuple[Right, ...]
    order: tuple[str, ...] = Field(examples=[["mean"]])
    links: tuple[tuple[str, str], ...] = Field(examples=[[]])
    updated: AwareDatetime
    updated_by: str


class RunArguments(Schema):
    """Which own pipeline, and its parameters where they differ from the defaults."""

    name: OwnName
    parameters: dict[StepName, Any] = Field(default_factory=dict, max_length=MOST_PARAMETERS)
    engine: str | None = Field(None, pattern="^(auto|ray|local)$")


class StepOutput(Schema):
    """What one step of an own pipeline gave.

    Attributes
    ----------
    values
        By name; a file or table is told as ``{"file": NAME, "bytes": SIZE, "sha256": …}``.
    files
        Where the bytes of each file are, by the name of its output or its own: a key of the
        site's shelf of runs.
    seconds
        How long it took.
    """

    values: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    seconds: float = 0.0


class OwnRun(Schema):
    """What a run of an own pipeline gave: each step's outputs, and what it rested on.

    Attributes
    ----------
    name, revision
        Of the pipeline.
    parameters
        As they were used.
    code
        SHA-256 by ``NAME@VERSION`` of all code that was run.
    """

    name: OwnName
    revision: int
    parameters: dict[str, Any]
    code: dict[str, str]
    outputs: dict[str, StepOutput]
