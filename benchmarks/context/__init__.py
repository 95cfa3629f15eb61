"""Whether what is normal given load is judged given load."""
