"""Own pipelines in Python: the same graph that a file in YAML describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from appliance.core.errors import InvalidRequest
from appliance.schemas.own import OwnPipelineDraft
from appliance.steps.declaring import declared
from appliance.steps.writing import text_of, unusable


class Ref:
    """What a step gives, or a parameter; stands for it where another step is given it."""

    def __init__(self, head: str, tail: str = "") -> None:
        self._head = head
        self._tail = tail

    @property
    def name(self) -> str:
        """Of the step."""
        return self._head

    def __getitem__(self, output: str) -> Ref:
        """Return one output of the step."""
        return Ref(self._head, output)

    def __str__(self) -> str:
        return f"${{{self._head}{'.' if self._tail else ''}{self._tail}}}"


class Pipeline:
    """An own pipeline that is being joined.

    Parameters
    ----------
    name, summary
        What it is called, and what it does.
    parameters
        By name, with their defaults; None for one that must be given.

    Examples
    --------
    >>> weekly = Pipeline("weekly", parameters={"factor": 2.0})
    >>> mean = weekly.use("mean", "spread:mean", values=[1.0, 3.0])
    >>> scaled = weekly.use("scaled", "spread:scale", value=mean["result"],
    ...                     factor=weekly.parameter("factor"))
    >>> weekly.draft().steps["scaled"].given
    {'value': '${mean.result}', 'factor': '${parameters.factor}'}
    """

    def __init__(
        self, name: str, summary: str = "", parameters: Mapping[str, Any] | None = None
    ) -> None:
        self._name = name
        self._summary = summary
        self._parameters = dict(parameters or {})
        self._steps: dict[str, dict[str, Any]] = {}

    def parameter(self, name: str) -> Ref:
        """Return what a parameter is when the pipeline runs; raises `InvalidRequest`."""
        if name not in self._parameters:
            raise InvalidRequest(f"{self._name} has no parameter {name!r}.")
        return Ref("parameters", name)

    def use(
        self,
        name: str,
        step: str | Callable[..., Any],
        /,
        *,
        needs: Sequence[Ref] = (),
        package: str = "",
        **given: Any,
    ) -> Ref:
        """Add a step that runs a function of a registered package.

        Parameters
        ----------
        step
            ``PACKAGE:STEP``, or the function itself.
        needs
            Steps that must have ended before, beside those that inputs name.
        package
            That the function is registered in; by default what its module is in.
        **given
            Its inputs.
        """
        if not isinstance(step, str):
            one = declared(step)
            own = package or one.function.__module__.partition(".")[0].replace("_", "-")
            step = f"{own}:{one.name}"
        return self._add(name, {"use": step}, needs, given)

    def notebook(
        self, name: str, notebook: str, /, *, needs: Sequence[Ref] = (), **given: Any
    ) -> Ref:
        """Add a step that executes a registered notebook, given its parameters."""
        return self._add(name, {"notebook": notebook}, needs, given)

    def command(
        self, name: str, command: Sequence[Any], /, *, needs: Sequence[Ref] = (), **given: Any
    ) -> Ref:
        """Add a step that runs a program; see `appliance.schemas.own.OwnStep`."""
        words = [str(one) for one in command]
        return self._add(name, {"command": words}, needs, given)

    def pipeline(
        self, name: str, pipeline: str, /, *, needs: Sequence[Ref] = (), **given: Any
    ) -> Ref:
        """Add a step that runs one of Kizashi's own pipelines, given its arguments."""
        return self._add(name, {"pipeline": pipeline}, needs, given)

    def draft(self) -> OwnPipelineDraft:
        """Return the pipeline as it is sent to a site; raises `InvalidRequest`."""
        told = {
            "name": self._name,
            "summary": self._summary,
            "parameters": self._parameters,
            "steps": self._steps,
        }
        try:
            return OwnPipelineDraft.model_validate(told)
        except ValidationError as error:
            raise unusable(error, self._name) from error

    def text(self) -> str:
        """Return the pipeline in YAML."""
        return text_of(self.draft())

    def _add(
        self, name: str, what: dict[str, Any], needs: Sequence[Ref], given: Mapping[str, Any]
    ) -> Ref:
        if name in self._steps:
            raise InvalidRequest(f"{self._name} has a step {name} already.")
        told = dict(what)
        if given:
            told["with"] = {key: _plain(value) for key, value in given.items()}
        if needs:
            told["needs"] = [one.name for one in needs]
        self._steps[name] = told
        return Ref(name)


def _plain(value: Any) -> Any:
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
