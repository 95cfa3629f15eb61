"""The command line: thin edges over the pipelines, one file a group of commands."""
