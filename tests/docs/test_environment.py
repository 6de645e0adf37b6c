"""The files from which conda, Binder and repo2docker build an environment, held against pyproject.toml."""

import os
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())

#: Packages that conda-forge calls by another name.
NAMES = {"graphviz": "python-graphviz"}


def name_of(requirement: str) -> str:
    return re.split(r"[<>=!\[ ]", requirement, maxsplit=1)[0].lower()


def test_conda_brings_what_students_need():
    plain = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    by_pip = next(entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))
    there = {name_of(entry) for entry in [*plain, *by_pip]}
    assert {NAMES.get(name_of(one), name_of(one)) for one in PROJECT["dependencies"]} <= there
    assert "graphviz" in there  # the program itself
    assert "-e .[course]" in by_pip  # and with it all that [course] asks for


def test_conda_asks_for_the_versions_that_pip_asks_for():
    plain = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    conda = {name_of(entry): entry.replace(" ", "") for entry in plain}
    for requirement in (one.partition(";")[0] for one in PROJECT["dependencies"]):  # on any machine
        name = NAMES.get(name_of(requirement), name_of(requirement))
        if name in conda:
            assert conda[name].removeprefix(name) == requirement.removeprefix(name_of(requirement))


def test_its_python_is_one_that_works():
    python = next(e for e in ENVIRONMENT["dependencies"] if isinstance(e, str) and e.startswith("python="))
    version = tuple(map(int, python.partition("=")[2].split(".")))
    least = tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    assert version >= least


def test_binder_starts_in_the_notebooks():
    """Binder runs postBuild after environment.yml; neither may be in a folder of its own, since
    conda would look for the package of `-e .` there.
    """
    script = ROOT / "postBuild"
    assert os.access(script, os.X_OK)
    assert "backprop-lab start my-notebooks --no-lab" in script.read_text()
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert re.search(rf"^## {re.escape(PROJECT['version'])}", (ROOT / "CHANGELOG.md").read_text(), re.M)
