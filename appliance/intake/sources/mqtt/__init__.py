"""An MQTT broker as a source: `messages` reads, `spool` keeps, `source` listens."""

from appliance.intake.sources.mqtt.source import MqttSource

__all__ = ["MqttSource"]
