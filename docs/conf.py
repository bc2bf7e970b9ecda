"""Settings of Sphinx for the documentation site: ``nox -s site`` builds it in ``docs/_build/html``.

The pages are the Markdown files of this directory, which GitHub shows, too. They therefore hold as few directives as
possible: the table of contents is in ``_toc.yml``, and links to files of the repository outside this directory, which
are no pages of the site, are changed to links to GitHub while a page is read. The pages in ``reference`` take their
content from the docstrings, and those in ``examples`` are notebooks, which the build executes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import fastw2v

DOCS = Path(__file__).resolve().parent
REPOSITORY = DOCS.parent
GITHUB = "https://github.com/fastw2v/fastw2v"

project = "fastw2v"
author = "The fastw2v developers"
project_copyright = "the fastw2v developers"
release = version = fastw2v.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_external_toc",
]
external_toc_path = "_toc.yml"
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4  # the anchors of GitHub
suppress_warnings = ["mystnb.unknown_mime_type"]

# The notebooks are executed in each build; an error in one of them is an error of the build.
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
os.environ["TQDM_DISABLE"] = "1"  # no progress bars in the pages
nb_output_stderr = "remove"  # Matplotlib says there when it builds its cache of fonts

default_role = "py:obj"  # `name` in a docstring is a link if it is a name, and code otherwise
add_function_parentheses = True
autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # the docstrings state the types
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# The build must succeed without a network, so that objects of Python and NumPy are links only if asked for.
intersphinx_mapping: dict[str, Any] = {}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "fastw2v"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {
    "source_repository": f"{GITHUB}/",
    "source_branch": "main",
    "source_directory": "docs/",
    "footer_icons": [
        {"name": "GitHub", "url": GITHUB, "html": "GitHub", "class": ""},
    ],
}

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def link_to_repository(target: str, page: Path) -> str:
    """Return the address on GitHub of a file of the repository that is no page of the site, or else `target`."""
    file = (page.parent / target).resolve()
    if file.is_relative_to(DOCS) or not file.is_relative_to(REPOSITORY) or not file.exists():
        return target
    return f"{GITHUB}/{'tree' if file.is_dir() else 'blob'}/main/{file.relative_to(REPOSITORY).as_posix()}"


def change_links(app: Any, name: str, source: list[str]) -> None:
    """Change the links of a page that leave ``docs``."""
    page = Path(app.env.doc2path(name))
    source[0] = LINK.sub(lambda match: link_to_repository(match[1], page), source[0])


def visit_math(self: Any, node: Any) -> None:
    """Write a formula as MathML, which browsers show without a script from the network."""
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(self: Any, node: Any) -> None:
    """Write a formula on lines of its own."""
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", change_links)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True}
