"""Operating modes of a machine, found without labels.

`OperatingModes` is what is learned; `levels` finds the levels that one column switches between,
`steps` smooths and settles sequences, `choice` picks the columns that tell modes apart.
"""

from detectors.modes.choice import MOST_MODES
from detectors.modes.modes import QUANTILES, STOPPED, UNKNOWN, OperatingModes
from detectors.modes.steps import settled

__all__ = ["MOST_MODES", "QUANTILES", "STOPPED", "UNKNOWN", "OperatingModes", "settled"]
