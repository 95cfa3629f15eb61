"""Where work runs: in this process (`local`) or on Ray (`ray`), behind one protocol."""
