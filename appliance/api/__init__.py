"""The REST API: thin routes over the pipelines and stores of a site.

A request's way: `limits` (size, rate) → `guard` (who asks, what the route needs) →
`idempotency` → a route of `routes` → `problems` where something is wrong.
"""
