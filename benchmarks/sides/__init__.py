"""What is measured, each side in a process of its own: ours, the rivals, the limits."""
