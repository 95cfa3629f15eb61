"""The process that runs jobs: claims them fairly, survives being killed, fires schedules.

`python -m appliance.worker --home DIR` runs until it is told to end (SIGTERM); jobs at work go
on in the next one.  `worker` is its loop, `run` one job in a thread, `steps` and `progress` are
what a pipeline sees of that, `lives` tells which other workers died.
"""
