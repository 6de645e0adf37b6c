"""The judge's records, kept in nbgrader's own gradebook database.

nbgrader keeps scores and comments. What it has no place for (the seed, the
verdicts, how the code was isolated, earlier attempts) is in one table beside its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Float, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Session

from backprop_lab.check import Verdict

from .judge import Judgement


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
    verdicts = Column(Text, nullable=False)  # JSON, by exercise


@dataclass(frozen=True)
class Record:
    """A grading as it was kept; times are UTC."""

    submitted: datetime | None
    judged: datetime
    seed: int
    isolation: str
    seconds: float
    problem: str
    verdicts: dict[str, Verdict]


def save(
    session: Session, notebook_id: str, submitted: datetime | None, judgement: Judgement, problem: str
) -> None:
    """Keep a judgement; grading the same attempt again replaces it, a new attempt is added.

    The caller commits.
    """
    _ensure_table(session)
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
            problem=problem,
            verdicts=json.dumps(verdicts),
        )
    )


def attempts(session: Session, notebook_id: str) -> list[Record]:
    """All judgements of a submitted notebook, the latest last."""
    _ensure_table(session)
    rows = session.query(_Row).filter_by(notebook_id=notebook_id).order_by(_Row.judged)
    return [_record(row) for row in rows]


def _record(row: Any) -> Record:
    verdicts = {name: Verdict.from_dict(data) for name, data in json.loads(row.verdicts).items()}
    return Record(row.submitted, row.judged, row.seed, row.isolation, row.seconds, row.problem, verdicts)


def _ensure_table(session: Session) -> None:
    _Row.__table__.create(session.connection(), checkfirst=True)  # type: ignore[attr-defined]
