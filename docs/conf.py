"""Sphinx configuration."""

from importlib import metadata

project = "gridhook"
author = "The gridhook developers"
release = version = metadata.version("gridhook")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "changelog/*"]
html_theme = "furo"
html_title = "gridhook"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Type aliases and types of other projects, of which no inventory is fetched.
nitpick_ignore_regex = [("py:.*", r".*")]
