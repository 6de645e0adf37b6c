"""The judge's records, kept in nbgrader's own gradebook database.

nbgrader keeps scores and comments. What it has no place for (the seed, the
verdicts, how the code was isolated, earlier attempts) is in one table beside its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakSet

from sqlalchemy import BigInteger, Column, DateTime, Float, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Session

from backprop_lab.check import Verdict

from .judging import Judged

_AT_ONCE = 500  # ids in one question; SQLite takes at most 32,766 parameters


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    """One grading of one submitted notebook."""

    __tablename__ = "backprop_lab_judgement"

    id = Column(Integer, primary_key=True)
    notebook_id = Column(String(32), index=True, nullable=False)  # nbgrader's SubmittedNotebook.id
    submitted = Column(DateTime)  # None where the submission has no timestamp
    judged = Column(DateTime, nullable=False)
    seed = Column(BigInteger, nullable=False)
    isolation = Column(String(16), nullable=False)
    seconds = Column(Float, nullable=False)
    problem = Column(Text, nullable=False)
    digest = Column(String(64), nullable=False)  # of the submitted file
    verdicts = Column(Text, nullable=False)  # JSON, by exercise
    flags = Column(Text, nullable=False)  # JSON, sentences
    prints = Column(Text, nullable=False)  # JSON, by exercise: see `graders.likeness`


@dataclass(frozen=True)
class Record:
    """A grading as it was kept; times are UTC."""

    submitted: datetime | None
    judged: datetime
    seed: int
    isolation: str
    seconds: float
    problem: str
    digest: str
    verdicts: dict[str, Verdict]
    flags: list[str]
    prints: dict[str, list[int]]


def save(session: Session, notebook_id: str, submitted: datetime | None, judged: Judged) -> None:
    """Keep a judgement; grading the same attempt again replaces it, a new attempt is added.

    The caller commits.
    """
    _ensure_table(session)
    judgement = judged.judgement
    session.query(_Row).filter_by(notebook_id=notebook_id, submitted=submitted).delete()
    verdicts = {name: verdict.to_dict() for name, verdict in judgement.verdicts.items()}
    session.add(
        _Row(
            notebook_id=notebook_id,
            submitted=submitted,
            judged=datetime.now(UTC).replace(tzinfo=None),
            seed=judgement.seed,
            isolation=judgement.isolation,
            seconds=judgement.seconds,
            problem=judged.problem,
            digest=judged.digest,
            verdicts=json.dumps(verdicts),
            flags=json.dumps(judgement.flags),
            prints=json.dumps(judgement.prints),
        )
    )


def attempts(session: Session, notebook_id: str) -> list[Record]:
    """All judgements of a submitted notebook, the latest last."""
    return attempts_of(session, [notebook_id]).get(notebook_id, [])


def attempts_of(session: Session, notebook_ids: Collection[str]) -> dict[str, list[Record]]:
    """The same for many notebooks, by id: a class in a few questions to the database, not in hundreds."""
    _ensure_table(session)
    found: dict[str, list[Record]] = {}
    ids = sorted(notebook_ids)
    for at in range(0, len(ids), _AT_ONCE):
        rows = session.query(_Row).filter(_Row.notebook_id.in_(ids[at : at + _AT_ONCE]))
        for row in rows.order_by(_Row.judged, _Row.id):
            found.setdefault(str(row.notebook_id), []).append(_record(row))
    return found


def digests(session: Session, notebook_ids: Collection[str]) -> dict[str, str]:
    """Of the file that each notebook's latest judgement is about, by id."""
    _ensure_table(session)
    found: dict[str, str] = {}
    ids = sorted(notebook_ids)
    for at in range(0, len(ids), _AT_ONCE):
        asked: Any = session.query(_Row.notebook_id, _Row.digest).filter(
            _Row.notebook_id.in_(ids[at : at + _AT_ONCE])
        )
        found.update((str(key), str(value)) for key, value in asked.order_by(_Row.judged, _Row.id))
    return found


def _record(row: Any) -> Record:
    verdicts = {name: Verdict.from_dict(data) for name, data in json.loads(row.verdicts).items()}
    return Record(
        row.submitted,
        row.judged,
        row.seed,
        row.isolation,
        row.seconds,
        row.problem,
        row.digest,
        verdicts,
        json.loads(row.flags),
        json.loads(row.prints),
    )


def _ensure_table(session: Session) -> None:
    engine = session.get_bind()
    if engine not in _ensured:
        _Row.__table__.create(session.connection(), checkfirst=True)  # type: ignore[attr-defined]
        _ensured.add(engine)


_ensured: WeakSet[Any] = WeakSet()  # engines whose database has the table
