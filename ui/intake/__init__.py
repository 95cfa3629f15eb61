"""The parts of the data page: one file each, and the way from a file to the first events."""
