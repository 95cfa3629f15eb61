"""Remaining life on public run-to-failure data, beside rivals measured in the same way."""
