"""Many sites behind one API: the line between a site and its gateway, and what goes over it.

`frames` and `line` are the protocol, `pipes` and `dialing` what carries it, `answering` the
site's end and `hub` the gateway's.  `naming`, `rewriting`, `orders`, `merging` and `sums` are
pure: they turn the answers of sites into one.  `federation` joins all of it behind the
addresses of the API.
"""
