"""Wires to a site: one for those who wait, one for those who await.

Both fulfil `Wire`, whose methods are coroutine functions; those of the blocking one never
suspend.
"""
