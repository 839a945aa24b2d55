"""How Sphinx builds the documentation; `make docs` calls it on the pages that `docs/_ext` puts together."""

from importlib import metadata

project = "stbench"
copyright = "The stbench developers, Apache-2.0"
version = release = metadata.version("stbench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# pages of the list "Join" that are not written yet
suppress_warnings = ["toc.empty_glob"]
highlight_language = "text"
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "stbench"
html_static_path = []
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
