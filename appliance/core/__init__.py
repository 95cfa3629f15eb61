"""Settings, errors, ids, clock, database and log: what every room may use."""
