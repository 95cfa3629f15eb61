"""Parts of the page of one machine."""
