"""The book: `make book`. Everything a page needs is in the built folder; nothing is fetched to read it."""

import hashlib
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]
# Kernels of the chapters: warnings of a library are no part of the course.
os.environ.setdefault("PYTHONWARNINGS", "ignore")

project = "backprop-lab"
author = "The backprop-lab authors"
project_copyright = author
release = version = metadata.version("backprop-lab")

extensions = [
    "chapters",  # notebooks/ -> docs/chapters/, with the solutions folded away
    "graphs",  # backprop_lab.examples -> docs/graphs/, a page for each lecture
    "command_line",  # the reference of the commands, from the commands
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # MathJax from the page's own folder
    "sphinx_design",
]
exclude_patterns = ["_build", "_static", "gallery"]  # the gallery is for reading without the book
nitpicky = False

# ------------------------------------------------------------------ chapters


def fingerprint() -> str:
    """Of the package: what the chapters show depends on it as much as on their own text."""
    digest = hashlib.sha256()
    for path in sorted((HERE.parent / "backprop_lab").rglob("*")):
        if path.is_file() and path.suffix in (".py", ".js", ".npz"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


nb_execution_mode = "cache"
caches = HERE / "_build" / "runs"
nb_execution_cache_path = str(caches / fingerprint())
for stale in caches.glob("*"):
    if str(stale) != nb_execution_cache_path:
        shutil.rmtree(stale, ignore_errors=True)
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]
myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]

# ------------------------------------------------------------------ reference

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
add_module_names = False

# ------------------------------------------------------------------ the look

html_theme = "pydata_sphinx_theme"
html_title = "backprop-lab"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_favicon = "_static/icon.svg"
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "search": []}
html_theme_options = {
    "logo": {"text": "backprop-lab", "image_light": "_static/icon.svg", "image_dark": "_static/icon.svg"},
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": True,
    "use_edit_page_button": False,
}
