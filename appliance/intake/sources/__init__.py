"""Where readings come from, one folder a kind of source."""
