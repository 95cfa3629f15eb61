"""How jobs run pipelines: functions by the pipeline's name, a few a file.

Every module of this folder has a mapping ``RUNS``; `appliance.jobs.offered` tells how another
pipeline is added.  A module imports the pipeline itself within the function that runs it, so
that looking into the catalogue stays light.
"""
