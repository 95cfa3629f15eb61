"""Every error that the detectors raise.

::

    DetectorError
    ├── InvalidInput          the caller's array or parameter is unusable (also a ValueError)
    │   └── TooLittleData     not enough rows to learn from
    ├── NotFitted             score before fit (also an AttributeError, as scikit-learn expects)
    ├── UnknownDetector       no detector of that name
    ├── MissingDependency     the optional package behind a detector is not installed
    └── StateError            a saved state cannot be read
        ├── StateCorrupt      bytes changed, truncated or not a state at all
        │   └── UntrustedState    no valid signature of this site: it is not even looked into
        └── StateVersion      written by a version that this one cannot read
"""


class DetectorError(Exception):
    """Base of all errors of this package."""


class InvalidInput(DetectorError, ValueError):
    """An array or parameter cannot be used; the message says which and why."""


class TooLittleData(InvalidInput):
    """There are too few usable rows to learn from."""


class NotFitted(DetectorError, ValueError, AttributeError):
    """A fitted attribute was asked of a detector that has not been fitted."""


class UnknownDetector(DetectorError, LookupError):
    """No detector is registered under this name."""


class MissingDependency(DetectorError, ImportError):
    """The optional package that a detector needs is not installed."""


class StateError(DetectorError):
    """A saved state cannot be read."""


class StateCorrupt(StateError):
    """The saved bytes were changed, truncated, or are not a state at all."""


class UntrustedState(StateCorrupt):
    """The state is executable when loaded and bears no valid signature of this site."""


class StateVersion(StateError):
    """The state was written in a format that this version cannot read."""
