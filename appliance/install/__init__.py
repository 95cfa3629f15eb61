"""Installing: a list of named steps, pre-flight first, impact after."""
