"""A real JupyterLab and a real headless Chromium."""

import functools
import http.server
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SETTINGS = {
    # All cells are in the page, not only those in view.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # Nothing is saved unless a test says so.
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # No question about news in the corner.
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture
def page(chromium):
    """A page that remembers what went wrong in its console, in ``page.errors``."""
    page = chromium.new_page(viewport={"width": 1100, "height": 900}, device_scale_factor=1.5)
    page.set_default_timeout(90_000)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder of static files."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab; ``url(path)`` opens a file of its folder."""

    folder: Path
    url: Callable[[str], str]


@contextmanager
def running_lab(folder: Path, home: Path, command: Sequence[str] = ()) -> Iterator[Lab]:
    """JupyterLab on a folder, with settings and data of its own below ``home``.

    ``command``, if given, is what starts it, in that folder.
    """
    for name, settings in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    started = [*command] or [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    started += ["--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={token}"]
    started += ["--LabApp.expose_app_in_browser=True"]
    log = home / "lab.log"
    with log.open("w") as out:
        server = subprocess.Popen(started, env=environment, stdout=out, stderr=out, cwd=folder)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
        yield Lab(folder, lambda path: f"http://127.0.0.1:{port}/lab/tree/{path}?token={token}&reset")
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(home / "runtime", ignore_errors=True)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab on an empty folder."""
    with running_lab(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("home")) as lab:
        yield lab


def open_notebook(page, lab, name: str) -> None:
    """Open a notebook of the lab's folder and wait until its kernel is idle."""
    page.goto(lab.url(name), wait_until="load")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell.currentWidget;
            const kernel = panel?.sessionContext?.session?.kernel;
            return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
        }"""
    )


def run_all(page) -> None:
    """Start running every cell; a failing cell does not stop those after it."""
    page.evaluate(
        """() => {
            for (const cell of window.jupyterapp.shell.currentWidget.content.widgets) {
                if (cell.model.type === 'code') {
                    const model = cell.model.sharedModel;
                    model.setMetadata('tags', [...(model.getMetadata('tags') || []), 'raises-exception']);
                }
            }
            window.jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )
