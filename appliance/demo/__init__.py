"""The demo plant: a generated plant with injected faults whose truth is kept."""
