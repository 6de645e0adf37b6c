"""Every attack through the judge: no point gained, nothing crashed, nobody else touched, nothing left."""

from __future__ import annotations

import json
import re
import secrets
import socket
from pathlib import Path

import pytest

from graders.sandbox import CHECKOUT, isolation_level

from . import on_the_answer, on_the_machine, on_the_pipe, on_the_shell
from .attack import ATTACKED, Attack

GROUPS = (on_the_shell, on_the_answer, on_the_pipe, on_the_machine)
STRICT = isolation_level().name == "strict"
SUBJECTS = [
    pytest.param(
        attack,
        level,
        id=f"{attack.name}-{level}",
        marks=[
            *([pytest.mark.slow] if attack.slow or (STRICT and level == "none") else []),
            *([pytest.mark.skip("No bubblewrap here.")] if level == "strict" and not STRICT else []),
        ],
    )
    for group in GROUPS
    for attack in group.ATTACKS
    for level in attack.levels
]


@pytest.fixture(autouse=True)
def token(monkeypatch) -> str:
    """A secret of the grader's environment, which is also how this run's traces are told from others'."""
    word = "secret" + secrets.token_hex(8)
    monkeypatch.setenv("GRADER_SECRET", word)
    return word


@pytest.mark.parametrize(("attack", "level"), SUBJECTS)
def test_it_gains_nothing(
    attack: Attack, level, judged, honest, nothing_left, listener, token, record_property
):
    judgement = judged(fill(attack.source, token, listener), level)

    for name, value in {"attack": attack.name, "level": level, "tries": attack.tries}.items():
        record_property(name, value)
    record_property("gained", judgement.verdicts[ATTACKED].credit)
    assert judgement.verdicts[ATTACKED].credit == 0
    for name in {"add_backward", "log_backward"} - attack.ruins:
        assert judgement.verdicts[name] == honest.verdicts[name]
    told = str(judgement.verdicts[ATTACKED])
    assert re.search(attack.reason, told), told
    assert len(told) < 4000
    assert "\x1b" not in told
    assert any(attack.flag in flag for flag in judgement.flags) == bool(attack.flag), judgement.flags
    shown = json.dumps(judgement.outputs)
    assert len(shown) < 3 * 2**20
    for gained in ("GAINED", "CONNECTED", token):
        assert gained not in shown
    assert "FOUND" not in shown or "FOUND []" in shown
    nothing_came_of_it(token, listener)
    if attack.reaches:
        assert judged(None).verdicts == honest.verdicts


def fill(source: str, token: str, listener: socket.socket) -> str:
    """The attack with this machine's names in it."""
    paths = [
        str(CHECKOUT / name) for name in ("nbgrader_config.py", "notebooks/01-chain-rule/01-chain-rule.ipynb")
    ]
    paths += [str(CHECKOUT / "graders/hidden/chain_rule.py"), "gradebook.db", "/etc/shadow", "/etc/passwd"]
    values = {"token": token, "port": str(listener.getsockname()[1]), "paths": repr(paths)}
    for name, value in values.items():
        source = source.replace("{" + name + "}", value)
    return source


def nothing_came_of_it(token: str, listener: socket.socket) -> None:
    with pytest.raises(TimeoutError):
        listener.accept()
    assert not Path("/tmp/backprop-lab-unpickled").exists()
    for folder in ("/tmp", "/work", "/dev/shm", "/etc", "/usr/lib"):
        assert not Path(folder, token).exists()
    assert not list(CHECKOUT.glob(f"backprop_lab/{token}*"))


def test_every_attack_says_what_it_tries_and_its_name_is_its_own():
    attacks = [attack for group in GROUPS for attack in group.ATTACKS]
    assert len({attack.name for attack in attacks}) == len(attacks)
    assert all(attack.tries for attack in attacks)
