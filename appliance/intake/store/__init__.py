"""Tables of fleets, batches, what each batch touched, assets and sensors."""

from appliance.intake.store.batches import IntakeStore
from appliance.intake.store.sensors import MAX_LEVELS

__all__ = ["MAX_LEVELS", "IntakeStore"]
