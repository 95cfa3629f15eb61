"""The science of Kizashi: detectors, thresholds and metrics on numpy arrays.

This package knows nothing of files, fleets, servers or Ray.  Detectors are made by name
through :mod:`detectors.catalog`; what every detector promises is in :mod:`detectors.base`.
"""
