"""``scale``: cost by number of assets, by length of their past, and by number of Ray nodes."""
