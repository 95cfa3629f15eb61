"""The pages in a real browser: what an analyst waits for."""
