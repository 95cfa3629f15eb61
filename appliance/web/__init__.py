"""The web process: the API and the pages on one port, behind one login."""
