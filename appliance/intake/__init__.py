"""Intake: files in, batches out; what is refused is kept with its reason."""
