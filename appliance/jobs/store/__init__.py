"""The tables of jobs and schedules, and a store for each side that looks at them.

`jobs` is for those who ask, `claims` and `runs` for the workers, `workers` says which of these
are alive, `schedules` when jobs are asked for by the clock.
"""
