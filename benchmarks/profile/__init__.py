"""``profile``: where time and memory of one kind of work go."""
