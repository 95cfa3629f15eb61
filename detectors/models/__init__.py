"""The algorithms, one file each: mechanism, assumptions, when not to use it, paper."""
