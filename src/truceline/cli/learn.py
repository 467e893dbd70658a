"""`truceline learn`: what fusion is to think of each kind of source."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit
from truceline.errors import UsageError
from truceline.mission import computing
from truceline.mission.mission import Mission

ANSWERS = {"yes": True, "no": False}


def learn(
    folder: Folder,
    audits: Annotated[Path | None, typer.Option(help="CSV with columns obs_id and happened (yes or no), from a random sample of incidents.", show_default=False)] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Learn fusion's parameters from the mission's observations and from audits; the set goes on the log for the next fuse."""
    answers = _answers(audits) if audits else None
    made = computing.learn(Mission.open(folder, keys), answers)
    result = {"log_entry": made.index, "audited": len(answers or {}), "parameters": made.body.values}  # type: ignore[attr-defined]
    emit(
        result, as_json,
        f"Learned from the observations and {len(answers or {}):,} audited ones; entry {made.index}.\nNext: {PROGRAM} fuse {folder}",
    )  # fmt: skip


def _answers(path: Path) -> dict[str, bool]:
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise UsageError(
            "CLI-009", "the file of audits must be a CSV in UTF-8", where=str(path), value=type(problem).__name__,
            remedy="Give the path of a file with the columns obs_id and happened.",
        ) from problem  # fmt: skip
    answers: dict[str, bool] = {}
    for number, row in enumerate(rows, start=2):
        obs_id, said = (str(row.get(name) or "").strip() for name in ("obs_id", "happened"))
        if not obs_id or said.casefold() not in ANSWERS:
            raise UsageError(
                "CLI-010", "an audit names an obs_id and says yes or no in `happened`", where=f"{path}:{number}",
                value=said or obs_id, remedy="Leave out what the audit could not settle.",
            )  # fmt: skip
        answers[obs_id] = ANSWERS[said.casefold()]
    return answers
