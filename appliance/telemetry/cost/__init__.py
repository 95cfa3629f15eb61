"""What the platform costs: prices, who used what of the machine, estimates and budgets.

`prices`, `allocation`, `estimate` and `budget` are plain functions on plain facts; `book` reads
the prices of a home and `power` the energy that processors tell.  What a machine takes is
measured in `appliance.telemetry.machinecost`, all is kept in `appliance.telemetry.store`, and
`appliance.pipelines.costs` puts it together.
"""
