"""What the platform says went wrong, in the reader's language.

The platform words its errors in English.  Their class is a sentence of ours, with what the
error carries; a reader of another language finds the platform's own words below it.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.client.outcome import failure
from appliance.core.errors import KizashiError, SourceError
from appliance.schemas.job import Job, JobState
from appliance.schemas.source import Source
from ui.text import known, language, t

_PLATFORM = "en"
"""The language in which the platform words its errors."""


@dataclass(frozen=True)
class Told:
    """An error in words.

    Attributes
    ----------
    title
        What is wrong, by the error's class.
    text
        What is wrong and where.
    remedy
        What to do about it.
    detail
        What the platform said, where that is not in the reader's language.
    """

    title: str
    text: str
    remedy: str
    detail: str = ""


def told(error: KizashiError) -> Told:
    """Return an error in the reader's language."""
    name = _name(type(error))
    seconds = getattr(error, "seconds", 1)
    title, remedy = t(f"problem.{name}"), t(f"problem_do.{name}", seconds=seconds)
    if language() == _PLATFORM:
        return Told(title, error.message, error.remedy or remedy)
    said = f"{error.message} {error.remedy}".strip()
    return Told(title, "", remedy, t("wrong.detail", text=said))


def line(error: KizashiError) -> str:
    """Return an error in one line."""
    it = told(error)
    if language() == _PLATFORM:
        return f"{it.text} {error.remedy}".strip()
    return t("wrong.line", title=it.title, remedy=it.remedy, text=error.message)


def few(error: KizashiError) -> str:
    """Return an error in as few words as tell it."""
    it = told(error)
    return it.text or it.title


def of_job(job: Job) -> KizashiError | None:
    """Return the error that a job failed with; None if it did not."""
    return failure(job) if job.state is JobState.FAILED else None


def of_source(source: Source) -> KizashiError | None:
    """Return why the last look at a source failed; None if it did not."""
    if not source.error:
        return None
    return SourceError(source.error[:1].upper() + source.error[1:], remedy=source.remedy)


def _name(kind: type) -> str:
    """Return the nearest class of an error that has words."""
    return next(
        (one.__name__ for one in kind.__mro__ if known(f"problem.{one.__name__}")),
        KizashiError.__name__,
    )
