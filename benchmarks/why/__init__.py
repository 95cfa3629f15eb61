"""Whether contributions point at the sensors that are the cause."""
