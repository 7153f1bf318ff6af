"""Configuration of the documentation site: `sphinx-build -W docs site`. It uses no network, neither here nor in a
reader's browser."""

import sys
from pathlib import Path

from zoo_registry.version import version as installed

sys.path.insert(0, str(Path(__file__).parent))

project = "shapezoo"
author = project_copyright = "The shapezoo developers"
release = version = installed()
extensions = ["myst_parser", "sphinx.ext.autodoc", "reference"]

smartquotes = False  # they would change options such as --set

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False

myst_heading_anchors = 3

# Docstrings write code between single backticks too.
default_role = "code"
add_module_names = False
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
