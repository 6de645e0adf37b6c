"""What the sandbox sees: files, environment, Python. Everything else of the machine is not there."""

from __future__ import annotations

import functools
import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

_SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/nix/store")


def arguments(flags: Sequence[str], disk_bytes: int, hide: Sequence[Path]) -> list[str]:
    """bubblewrap's arguments: all that the sandbox sees.

    Args:
        flags: namespaces and rights, from `graders.isolation`.
        disk_bytes: room in each folder that can be written to.
        hide: folders that are covered where they lie inside one that is shown.
    """
    here = Path(__file__).parent
    executable = Path(python()[0])
    # The interpreter's folder by each name it goes by: a link to it may be part of one of them.
    prefixes = [Path(sys.base_prefix), Path(sys.base_prefix).resolve(), executable.parents[1]]
    binds = {Path("/usr"): "/usr"} | {path: str(path) for path in prefixes}
    binds |= dict(zip(sites(), inside_packages()[1:], strict=True))
    binds |= {package(): "/sandbox/packages/backprop_lab"}
    binds |= {here / name: f"/sandbox/judge/{name}" for name in ("inside.py", "wire.py", "zygote.py")}
    binds |= {Path(path): path for path in _SYSTEM if os.path.exists(path)}
    room = ["--perms", "1777", "--size", str(disk_bytes), "--tmpfs"]
    said = [*flags, "--clearenv"]
    for name, value in environment("/work", "/tmp", inside_packages()).items():
        said += ["--setenv", name, value]
    said += ["--proc", "/proc", "--dev", "/dev", *room, "/dev/shm", *room, "/tmp", *room, "/work"]
    for top in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", top)
        if path.is_symlink():
            said += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            said += ["--ro-bind", str(path), str(path)]
    made: list[Path] = []
    for source, destination in binds.items():
        target = Path(destination)
        if any(target.is_relative_to(done) for done in made):
            continue  # /usr/local holds Python on many machines
        for parent in [*target.parents][-2::-1]:
            said += ["--perms", "0755", "--dir", str(parent)]
        said += ["--ro-bind", str(source), destination]
        made.append(target)
        for secret in hide:
            # A course kept inside a folder that must be seen, say a conda prefix, is covered.
            if secret.is_relative_to(source.resolve()):
                said += ["--perms", "0555", "--size", "4096", "--tmpfs"]
                said += [str(target / secret.relative_to(source.resolve()))]
    return [*said, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"]


def environment(work: str, tmp: str, packages: Sequence[str]) -> dict[str, str]:
    """The environment of the student's code; nothing of ours is in it."""
    one_thread = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": work,
        "TMPDIR": tmp,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{tmp}/matplotlib",
        "IPYTHONDIR": f"{tmp}/ipython",
        "PYTHONPATH": os.pathsep.join(packages),  # for a Python that the student's code starts
        "PYTHONDONTWRITEBYTECODE": "1",
    } | {f"{name}_NUM_THREADS": "1" for name in one_thread}


def python() -> list[str]:
    """The command that starts Python, without the packages and the settings of this environment."""
    # The interpreter itself, not the environment's link to it: the link's path names the course.
    return [os.path.realpath(sys.executable), "-I", "-B", "-S"]


@functools.cache
def sites() -> tuple[Path, ...]:
    """The folders that packages are installed in."""
    known = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    known += [path for path in (*site.getsitepackages(), site.getusersitepackages()) if path in sys.path]
    folders = dict.fromkeys(Path(path).resolve() for path in known)
    return tuple(folder for folder in folders if folder.is_dir())


def inside_packages() -> list[str]:
    """Where the sandbox finds `backprop_lab`, and then the packages of `sites`."""
    return ["/sandbox/packages", *(f"/sandbox/site/{at}" for at in range(len(sites())))]


def readable_by_all() -> bool:
    """Whether a user of the sandbox's own could read Python and its packages (not after umask 077)."""
    folders = [Path(sys.base_prefix), package(), *sites()]
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders)


@functools.cache
def package() -> Path:
    """The folder of `backprop_lab`. Raises FileNotFoundError where it is not installed."""
    spec = importlib.util.find_spec("backprop_lab")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("backprop_lab is not installed: run `make demo`, or pip install -e .")
    return Path(spec.origin).resolve().parent
