"""The calendar: when machines do something else than run normally.

`rules` says when a window holds, `expand` what that means for each asset, `masks` is the
result, `ics` reads calendar files, `store` keeps windows with their history.  All but `store`
are pure.
"""
