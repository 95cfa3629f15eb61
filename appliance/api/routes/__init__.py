"""Routes, one file a noun: each asks a store or starts a job, and says what it needs."""
