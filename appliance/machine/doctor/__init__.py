"""The doctor: looks at everything that an appliance stands on, and says what to do."""

from appliance.machine.doctor.examination import examine
from appliance.machine.doctor.finding import Finding, Patient, Severity

__all__ = ["Finding", "Patient", "Severity", "examine"]
