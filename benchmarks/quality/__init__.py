"""Detection quality on public data, beside published and measured rivals."""
