"""The running appliance on one machine: its processes, their supervision, and its doctor."""
