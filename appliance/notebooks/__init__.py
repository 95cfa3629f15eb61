"""Notebooks: executed as steps, and the analysts' own JupyterLab."""
