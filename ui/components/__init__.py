"""Parts of pages that run in the browser: a folder each, with Python, script and style."""
