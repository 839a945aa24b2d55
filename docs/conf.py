"""How Sphinx builds the documentation; `make docs` calls it on the pages that `docs/_ext` puts together."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "stbench"
copyright = "The stbench developers, Apache-2.0"
version = release = metadata.version("stbench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings"]
myst_enable_extensions = ["colon_fence", "fieldlist"]
myst_heading_anchors = 3
highlight_language = "text"
default_role = "code"
# two dashes stay two dashes
smartquotes = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "stbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
