"""Imports run one way, and the project speaks of itself alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "backprop_lab"

#: What each part of the package may import of it.
ALLOWED = {
    "engine": {"engine"},
    "data": {"data", "engine"},
    "draw": {"draw", "engine"},
    "examples": {"engine", "examples"},
    "exercises": {"engine", "data", "draw", "examples", "exercises"},
    "check": {"engine", "data", "draw", "examples", "exercises", "check"},
}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """The parts of the package that a module imports."""
    package = ("backprop_lab", *path.relative_to(PACKAGE).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            names = [module] if len(module) > 1 else [(*module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        found |= {name[1] for name in names if name[0] == "backprop_lab" and len(name) > 1}
        found |= {"graders" for name in names if name[0] == "graders"}
    return found


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if part_of(path) in ALLOWED]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    assert imported_parts(path) <= ALLOWED[part_of(path)] | {"__init__"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_the_package_never_imports_the_graders(path):
    assert "graders" not in imported_parts(path)
