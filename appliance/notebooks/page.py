"""A notebook as one page: it loads nothing, from here or elsewhere, and runs no script."""

from __future__ import annotations

from typing import Any

_NAME = "kizashi.html.j2"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_TEMPLATE = f"""{{%- extends 'lab/index.html.j2' -%}}
{{%- block html_head_js -%}}
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
{{%- endblock html_head_js -%}}
{{%- block jupyter_widgets -%}}{{%- endblock jupyter_widgets -%}}
{{%- block html_head_js_mathjax -%}}{{%- endblock html_head_js_mathjax -%}}
{{%- block html_head_js_mermaidjs -%}}{{%- endblock html_head_js_mermaidjs -%}}
"""
"""The policy comes before all that a notebook may bring: a script in an output stays a text."""


def page(notebook: Any) -> str:
    """Return a notebook with its outputs as a page of HTML.

    Parameters
    ----------
    notebook
        A node of nbformat, version 4.
    """
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_loaders=[DictLoader({_NAME: _TEMPLATE})], template_file=_NAME)
    text, _ = exporter.from_notebook_node(notebook)
    return str(text)
