"""The suite that every step should pass; public, for the authors of steps.

::

    from appliance.steps.checks import Example, parametrize_with_checks

    @parametrize_with_checks([Example(my_step, values=[1.0, 2.0])])
    def test_contract(example, check):
        check(example)
"""

from __future__ import annotations

import copy
import importlib
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.core.errors import KizashiError
from appliance.schemas.own import DeclaredStep
from appliance.steps.declaring import declared
from appliance.steps.describing import described
from appliance.steps.graph import Known, checked
from appliance.steps.values import given, inputs_of, is_file, is_table, taken
from appliance.steps.writing import read


class Example:
    """A step, and inputs that it must be able to work on.

    Parameters
    ----------
    function
        The step.
    **inputs
        Values, frames and paths.
    """

    def __init__(self, function: Callable[..., Any], /, **inputs: Any) -> None:
        self.function = function
        self.inputs = inputs

    def __repr__(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


@dataclass(frozen=True)
class Check:
    """One promise of a step.

    Attributes
    ----------
    run
        Raises AssertionError where the promise is broken.
    """

    name: str
    run: Callable[[Example], None]

    def __call__(self, example: Example) -> None:
        """Run the check."""
        self.run(example)


def all_checks() -> list[Check]:
    """Return every check."""
    return [
        Check(name, run)
        for name, run in globals().items()
        if name.startswith("check_") and name not in ("check_step", "check_pipeline")
    ]


def check_step(example: Example) -> dict[str, str]:
    """Run every check on one step; return what failed, message by name of check."""
    failed = {}
    for check in all_checks():
        try:
            check(example)
        except Exception as error:  # noqa: BLE001 - whatever breaks is what is reported
            failed[check.name] = f"{type(error).__name__}: {error}"
    return failed


def parametrize_with_checks(examples: Sequence[Example]) -> Any:
    """Return a pytest mark that runs a test for every pair of example and check."""
    import pytest

    cases = [
        pytest.param(one, check, id=f"{one!r}-{check.name}")
        for one in examples
        for check in all_checks()
    ]
    return pytest.mark.parametrize(("example", "check"), cases)


def check_pipeline(path: Path, functions: Sequence[Callable[..., Any]]) -> None:
    """Raise `InvalidRequest` unless the pipeline of a file fits some steps.

    Parameters
    ----------
    functions
        That its steps ``use``; what other steps take is not looked at.
    """
    steps = {declared(one).name: described(declared(one)) for one in functions}
    draft = read(path)
    known = {}
    for name, one in draft.steps.items():
        own = steps.get((one.use or "").partition(":")[2])
        known[name] = Known() if own is None else _known(own)
    checked(draft, known, str(path))


def _known(one: DeclaredStep) -> Known:
    return Known(frozenset(one.inputs), frozenset(one.required), frozenset(one.outputs))


# ---------------------------------------------------------------- promises
def check_declaration(example: Example) -> None:
    """It declares inputs and outputs that a site can hand on, and says what it does."""
    told = described(declared(example.function))
    assert told.summary, "its docstring has no first line"  # noqa: S101
    json.dumps(told.model_dump(mode="json"))


def check_found_by_name(example: Example) -> None:
    """A process that knows only its module and name finds it."""
    one = declared(example.function)
    found: Any = importlib.import_module(one.function.__module__)
    for part in one.function.__qualname__.split("."):
        found = getattr(found, part)
    assert found is example.function, "its module holds something else of its name"  # noqa: S101


def check_example_is_whole(example: Example) -> None:
    """The example gives all inputs that have no default, and no others."""
    inputs, required = inputs_of(example.function)
    assert set(example.inputs) <= set(inputs), "an input is none of the step's"  # noqa: S101
    assert set(required) <= set(example.inputs), "an input is missing"  # noqa: S101


def check_inputs_are_handed_over(example: Example) -> None:
    """Its inputs, sent as JSON and files, come back as what they were."""
    with tempfile.TemporaryDirectory() as folder:
        _sent(example, Path(folder))


def check_outputs_are_kept(example: Example) -> None:
    """What it gives is what its type hints say, and can be kept."""
    _performed(example)


def check_inputs_are_left_alone(example: Example) -> None:
    """It does not change what it is given."""
    inputs = _plain(example)
    before = copy.deepcopy(inputs)
    _performed(example, inputs)
    for name, value in inputs.items():
        same = value.equals(before[name]) if hasattr(value, "equals") else value == before[name]
        assert same, f"it changed its input {name}"  # noqa: S101


def check_again_gives_the_same(example: Example) -> None:
    """Cut off and done again, it gives the same: give it a seed where it draws lots."""
    first, second = _performed(example), _performed(example)
    assert first == second, "it gave something else the second time"  # noqa: S101


def check_wrong_inputs_are_refused(example: Example) -> None:
    """A value of another kind is refused before the function sees it."""
    inputs, _ = inputs_of(example.function)
    with tempfile.TemporaryDirectory() as folder:
        for name, hint in inputs.items():
            if hint is Any or hint is object:
                continue
            try:
                taken(hint, object(), Path(folder), name)
            except KizashiError:
                continue
            raise AssertionError(f"its input {name} takes anything")


def _plain(example: Example) -> dict[str, Any]:
    return {name: copy.deepcopy(value) for name, value in example.inputs.items()}


def _performed(example: Example, inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made, chdir(made):
        returned = example.function(**(_plain(example) if inputs is None else inputs))
        return given(example.function, returned, Path(made), f"step {example!r}")


def _sent(example: Example, folder: Path) -> dict[str, Any]:
    hints, _ = inputs_of(example.function)
    found = {}
    for name, value in example.inputs.items():
        hint = hints[name]
        if is_table(hint):
            value.write_parquet(folder / name) if hasattr(value, "write_parquet") else (
                value.to_parquet(folder / name)
            )
            told: Any = {"file": name}
        elif is_file(hint):
            (folder / name).write_bytes(Path(value).read_bytes())
            told = {"file": name}
        else:
            from pydantic import TypeAdapter

            told = json.loads(TypeAdapter(hint).dump_json(value))
        found[name] = taken(hint, told, folder, name)
    return found
