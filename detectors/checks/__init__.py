"""The suite that every detector must pass; public, for the authors of plug-ins as well.

::

    from detectors.checks import parametrize_with_checks

    @parametrize_with_checks([MyDetector(), MyDetector(depth=3)])
    def test_contract(detector, check):
        check(detector)

A check that a detector cannot pass is excluded by name and with a reason, never silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.base import Detector
from detectors.checks import explanations, inputs, live, scores, states

__all__ = ["Check", "all_checks", "check_detector", "parametrize_with_checks"]


@dataclass(frozen=True)
class Check:
    """One promise of the contract.

    Attributes
    ----------
    name
        For example ``check_sign``.
    run
        Raises AssertionError where the promise is broken.
    """

    name: str
    run: Callable[[Detector], None]

    @property
    def promise(self) -> str:
        """What is promised, in one sentence."""
        return (self.run.__doc__ or self.name).strip().splitlines()[0]

    def __call__(self, detector: Detector) -> None:
        """Run the check on an unfitted detector, which stays as it is."""
        self.run(detector)


def all_checks() -> list[Check]:
    """Return every check, in the order in which their failures are best read."""
    return [
        Check(name, run)
        for room in (states, inputs, scores, live, explanations)
        for name, run in vars(room).items()
        if name.startswith("check_") and run.__module__ == room.__name__
    ]


def check_detector(
    detector: Detector, expected_failures: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Run every check on one detector.

    Parameters
    ----------
    detector
        Unfitted.
    expected_failures
        Reason by name of check; these are left out.

    Returns
    -------
    dict
        What failed: message by name of check; empty if all is well.
    """
    excluded = _known(expected_failures or {})
    failed: dict[str, str] = {}
    for check in all_checks():
        if check.name in excluded:
            continue
        try:
            check(detector)
        except Exception as error:  # noqa: BLE001 - whatever breaks is what is reported
            failed[check.name] = f"{type(error).__name__}: {error}"
    return failed


def parametrize_with_checks(
    detectors: Sequence[Detector],
    expected_failures: Callable[[Detector], Mapping[str, str]] | None = None,
) -> Any:
    """Return a pytest mark that runs a test for every pair of detector and check.

    Parameters
    ----------
    detectors
        Unfitted.
    expected_failures
        From a detector to {name of check: reason}.  Such a check is run and must fail.
    """
    import pytest

    cases = []
    for detector in detectors:
        excluded = _known(expected_failures(detector) if expected_failures else {})
        for check in all_checks():
            reason = excluded.get(check.name)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            name = f"{detector!r}-{check.name}"
            cases.append(pytest.param(detector, check, marks=marks, id=name))
    return pytest.mark.parametrize(("detector", "check"), cases)


def _known(excluded: Mapping[str, str]) -> Mapping[str, str]:
    names = {check.name for check in all_checks()}
    for name, reason in excluded.items():
        if name not in names:
            raise ValueError(f"there is no check {name!r}")
        if not reason.strip():
            raise ValueError(f"{name} is excluded without a reason")
    return excluded
