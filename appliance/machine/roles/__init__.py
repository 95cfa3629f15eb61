"""One role of a site as the program of a container: what is done before and around it."""
