"""What a step's code says of itself, as it is kept with the package."""

from __future__ import annotations

from appliance.core.errors import InvalidRequest
from appliance.schemas.own import DeclaredStep
from appliance.steps.declaring import Step
from appliance.steps.values import inputs_of, outputs_of, schema_of


def described(one: Step) -> DeclaredStep:
    """Return what a step takes, gives and needs.

    Raises
    ------
    InvalidRequest
        It cannot be run by its declaration alone.
    """
    where = f"step {one.name}"
    if "<" in one.function.__qualname__ or one.function.__module__ == "__main__":
        raise InvalidRequest(
            f"{where} is not found by its name.", remedy="Define it at the top of a module."
        )
    inputs, required = inputs_of(one.function)
    outputs = outputs_of(one.function)
    return DeclaredStep(
        name=one.name,
        entry=one.entry,
        summary=one.summary,
        inputs={name: schema_of(hint, f"{where}: {name}") for name, hint in inputs.items()},
        required=tuple(required),
        outputs={name: schema_of(hint, f"{where}: {name}") for name, hint in outputs.items()},
        resources=one.resources,
        timeout=one.timeout,
        packages=one.packages,
    )
