"""The command that judges readings as they come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context
from appliance.cli.data import FLEET

if TYPE_CHECKING:
    from appliance.schemas.online import OnlineReading


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(online)


def online(context: typer.Context, fleet: str = FLEET) -> None:
    """Judge readings as they come: JSON lines in, as many lines of scores out.

    A line is a reading such as
    {"asset": "P-101", "time": "2026-03-01T08:00:00Z", "values": {"flow": 7.1}}.
    """
    own: Context = context.obj
    with own.plant() as plant:
        judge = plant.fleet(fleet)
        for number, line in enumerate(sys.stdin, 1):
            if line.strip():
                answer = judge.online([_reading(line, number)])
                print(answer.scores[0].model_dump_json(), flush=True)


def _reading(line: str, number: int) -> OnlineReading:
    from pydantic import ValidationError

    from appliance.core.errors import InvalidRequest
    from appliance.schemas.online import OnlineReading

    try:
        return OnlineReading.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(
            f"line {number}: {f'{where}: ' if where else ''}{first['msg']}."
        ) from error
