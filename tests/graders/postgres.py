"""A PostgreSQL server of the tests' own, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, or None."""
    folders = [Path(f) for f in os.get_exec_path()] + sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    needed = ("initdb", "pg_ctl", "createdb")
    return next((f for f in reversed(folders) if all((f / name).exists() for name in needed)), None)


class Server:
    """A server that can be stopped and started; it listens on this machine only."""

    def __init__(self, folder: Path):
        self._bin = binaries()
        self._folder = folder
        # The server refuses to be root.
        others = [name for name in ("postgres", "nobody") if _is_user(name)]
        self._user = others[0] if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._run("initdb", "-D", "data", "-U", "grader", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.start()

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a new database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "grader", database)
        return f"postgresql+psycopg://grader@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._bin / program, *words],
            cwd=self._folder,
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
