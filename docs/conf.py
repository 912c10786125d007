"""Sphinx configuration. Nothing on a page is fetched from another host: formulas are MathML."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from ketascope._version import __version__

project = "ketascope"
author = "ketascope contributors"
copyright = "ketascope contributors"
release = version = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
exclude_patterns: list[str] = ["schema"]
nitpicky = True

html_theme = "furo"
html_title = f"ketascope {__version__}"
html_math_renderer = "mathml"
html_show_sourcelink = False


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.math_block) -> None:
    writer.body.append(f"<div class='math'>{tex2mathml(node.astext(), as_block=True)}</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the MathML renderer that docutils brings along."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
