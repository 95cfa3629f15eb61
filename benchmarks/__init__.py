"""Benchmarks: ours and the rival side by side in one run, printed as a ratio."""
