"""One self-contained page about a fleet: no script, no font, nothing from outside.

`model` says what a page shows, `svg` draws, `page` lays out, `text` holds every word in
English and Japanese.  Collecting the facts is the report pipeline's business.
"""
