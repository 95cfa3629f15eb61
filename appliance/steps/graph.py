"""Own pipelines checked: what each step is given, what it waits for, in which order they go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from appliance.core.errors import InvalidRequest
from appliance.schemas.own import OwnPipelineDraft, OwnStep, StepKind

PARAMETERS = "parameters"
REFERENCE = re.compile(r"\$\{\s*([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?\s*\}")
_MOST_DEPTH = 20


@dataclass(frozen=True)
class Known:
    """What is known of what a step runs.

    Attributes
    ----------
    inputs, required, outputs
        Names; None where anything goes.
    """

    inputs: frozenset[str] | None = None
    required: frozenset[str] = frozenset()
    outputs: frozenset[str] | None = None


@dataclass(frozen=True)
class Graph:
    """An own pipeline that can be run.

    Attributes
    ----------
    order
        Its steps, each after all that it needs.
    needs
        What each step waits for.
    """

    order: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """From which step to which."""
        return tuple((before, one) for one in self.order for before in self.needs[one])


def checked(draft: OwnPipelineDraft, known: Mapping[str, Known], where: str = "") -> Graph:
    """Return the graph of a pipeline.

    Parameters
    ----------
    known
        What each step runs, by the step's name.
    where
        File that it was read from.

    Raises
    ------
    InvalidRequest
        Something does not fit; in one sentence, with file, step and key.
    """
    place = f"{where or draft.name}: "
    if PARAMETERS in draft.steps:
        raise InvalidRequest(f"{place}no step can be called {PARAMETERS}.")
    needs: dict[str, tuple[str, ...]] = {}
    for name, one in draft.steps.items():
        at = f"{place}step {name}"
        _fits(one, known[name], at)
        found = [*one.needs, *_named(draft, name, one, known, at)]
        for before in found:
            _among(before, draft.steps, f"{at}: needs", "step")
        needs[name] = tuple(dict.fromkeys(found))
    return Graph(_ordered(needs, place), needs)


def _fits(one: OwnStep, known: Known, at: str) -> None:
    """Refuse inputs that the step's code does not take, and a lack of those that it needs."""
    if known.inputs is not None:
        for name in one.given:
            _among(name, known.inputs, f"{at}: with", "input")
    missing = sorted(known.required - set(one.given))
    if missing:
        raise InvalidRequest(
            f"{at}: with: the input {missing[0]} is missing.",
            remedy=f"Give {missing[0]} a value, ${{parameters.NAME}} or ${{STEP.OUTPUT}}.",
        )
    if one.kind in (StepKind.FUNCTION, StepKind.PIPELINE) and one.environment:
        raise InvalidRequest(f"{at}: environment is for programs and notebooks.")


def _named(
    draft: OwnPipelineDraft,
    step: str,
    one: OwnStep,
    known: Mapping[str, Known],
    at: str,
) -> Iterator[str]:
    """Yield the steps that values of a step refer to."""
    values = {f"with: {name}": value for name, value in one.given.items()}
    values |= {f"command: {n}": word for n, word in enumerate(one.command or (), 1)}
    values |= {f"environment: {name}": value for name, value in one.environment.items()}
    for key, value in values.items():
        for head, tail in references(value, f"{at}: {key}"):
            if head == PARAMETERS:
                _among(tail, draft.parameters, f"{at}: {key}", "parameter")
                continue
            _among(head, draft.steps, f"{at}: {key}", "step")
            outputs = known[head].outputs
            if head == step:
                raise InvalidRequest(f"{at}: {key} refers to the step itself.")
            if tail and outputs is not None:
                _among(tail, outputs, f"{at}: {key}: step {head}", "output")
            yield head


def references(value: Any, where: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield what ``${…}`` in a value refer to: a step or ``parameters``, and a name or "".

    Raises
    ------
    InvalidRequest
        One is not written as it should be, or the value is nested too deeply.
    """
    if depth > _MOST_DEPTH:
        raise InvalidRequest(f"{where} is nested more than {_MOST_DEPTH} deep.")
    if isinstance(value, str):
        left = REFERENCE.sub("", value)
        if "${" in left:
            raise InvalidRequest(
                f"{where}: {value[:100]!r} is no reference.",
                remedy="Write ${parameters.NAME}, ${STEP} or ${STEP.OUTPUT}.",
            )
        yield from REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from references(one, where, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from references(one, where, depth + 1)


def filled(value: Any, look: Mapping[str, Mapping[str, Any]], where: str) -> Any:
    """Return a value with what its references stand for.

    A text that is one reference becomes what that is; within a longer text it becomes a word.

    Parameters
    ----------
    look
        By step, and for ``parameters``, values by name.

    Raises
    ------
    InvalidRequest
        A step gave nothing of that name.
    """
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole is not None:
            return _looked_up(whole, look, where)
        return REFERENCE.sub(lambda found: _word(_looked_up(found, look, where), where), value)
    if isinstance(value, Mapping):
        return {name: filled(one, look, where) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one, look, where) for one in value]
    return value


def _looked_up(found: re.Match[str], look: Mapping[str, Mapping[str, Any]], where: str) -> Any:
    head, tail = found[1], found[2]
    values = look[head]
    if tail is None:
        return values["result"] if set(values) == {"result"} else dict(values)
    if tail not in values:
        raise InvalidRequest(
            f"{where}: step {head} gave no {tail}.",
            remedy=f"It gave: {', '.join(sorted(values)) or 'nothing'}.",
        )
    return values[tail]


def _word(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidRequest(
            f"{where}: only texts and numbers can stand within a text.",
            remedy="Let the reference be the whole value.",
        )
    return str(value)


def _among(name: str, known: Any, where: str, what: str) -> None:
    if name in known:
        return
    near = get_close_matches(name, list(known), 1)
    there = ", ".join(sorted(known)) or "none"
    raise InvalidRequest(
        f"{where}: there is no {what} {name!r}.",
        remedy=f"Did you mean {near[0]}?" if near else f"There are: {there}.",
    )


def _ordered(needs: Mapping[str, tuple[str, ...]], place: str) -> tuple[str, ...]:
    """Return the steps, each after what it needs; raises `InvalidRequest` for a circle."""
    order: list[str] = []
    left = dict(needs)
    while left:
        ready = [name for name, before in left.items() if not set(before) & set(left)]
        if not ready:
            raise InvalidRequest(
                f"{place}the steps {' → '.join(_circle(left))} wait for each other."
            )
        order += ready
        for name in ready:
            del left[name]
    return tuple(order)


def _circle(left: Mapping[str, tuple[str, ...]]) -> list[str]:
    seen = [next(iter(left))]
    while True:
        follows = next(one for one in left[seen[-1]] if one in left)
        if follows in seen:
            return [*seen[seen.index(follows) :], follows][::-1]
        seen.append(follows)
