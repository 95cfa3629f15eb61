"""What leads in published comparisons and is not owned, as short as it can be: to measure."""
