"""What somebody who holds the folder might do to it, tried on copies; each must be refused."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from truceline.errors import CheckFailed
from truceline.log.checkpoints import sign_checkpoint
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash, root_of
from truceline.log.notes import SigningKey
from truceline.log.tiles import WIDTH, path_of
from truceline.log.tree import publish
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify

Act = Callable[[Path, Log], dict[str, Any]]


def tamper(root: Path) -> dict[str, Any]:
    """Alter copies of a mission in several ways, and verify each; the mission stays as it is.

    Returns:
        `file`, `byte` and `refused` of a flipped bit, and `tries`: `what`, `file`, `why` and `refused` of each act.
    Raises:
        CheckFailed: MIS-030, a copy was not refused.
    """
    log = Mission.open(root).log
    tries = []
    for act in (_change_a_time, _take_an_entry_out, _change_an_original, _change_a_report):
        with tempfile.TemporaryDirectory(prefix="truceline-") as name:
            copy = Path(name) / "copy"
            shutil.copytree(root, copy)
            done = act(copy, log)
            if done:
                tries.append(done | _refusal(copy, str(done["file"])))
    first = tries[0]
    return {"file": first["file"], "byte": first["byte"], "refused": first["refused"], "tries": tries}


def _refusal(copy: Path, file: str) -> dict[str, str]:
    try:
        verify(copy)
    except CheckFailed as problem:
        here = f"{copy}/"
        why = f"{problem.where.replace(here, '')}: {problem.rule} ({problem.code})"
        return {"why": why, "refused": str(problem).replace(here, "")}
    raise CheckFailed(
        "MIS-030",
        "an altered copy must be refused",
        where=file,
        remedy="This is a fault of the program: please report it.",
    )


def _change_a_time(copy: Path, log: Log) -> dict[str, Any]:
    """One bit, in the hour of an entry in the middle of the log."""
    index = log.size // 2
    entry, note = next(log.entries(index))[2], log.notes[index]
    first = index // WIDTH * WIDTH
    name = path_of("entries", index // WIDTH, min(WIDTH, log.size - first))
    path = copy / "log" / name
    raw = bytearray(path.read_bytes())
    start = sum(2 + len(one) for one in log.notes[first:index]) + 2 + note.index(b'"at":"') + 6
    at = start + len("2031-03-03T1")
    raw[at] ^= 1
    path.write_bytes(raw)
    after = raw[start : start + len(entry.at)].decode()
    return {
        "what": f"made entry {index} ({entry.kind}, signed by {entry.author}) say {after} instead of {entry.at}",
        "file": f"log/{name}", "byte": at,
    }  # fmt: skip


def _take_an_entry_out(copy: Path, log: Log) -> dict[str, Any]:
    """All hashes computed again; what is missing is the log's key, so another one signs."""
    index = log.size // 2
    notes = log.notes[:index] + log.notes[index + 1 :]
    forged = sign_checkpoint(
        SigningKey(log.origin, bytes(32)), len(notes), root_of(list(map(leaf_hash, notes)))
    )
    shutil.rmtree(copy / "log")
    for name, content in (publish(notes) | {"checkpoint": forged.note}).items():
        (copy / "log" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "log" / name).write_bytes(content)
    (copy / "state" / "commit").write_bytes(forged.note)
    return {
        "what": f"took entry {index} out, computed every hash again, and signed with another key",
        "file": "log/checkpoint",
    }  # fmt: skip


def _change_an_original(copy: Path, log: Log) -> dict[str, Any]:
    found = sorted((copy / "blobs").glob("??/*"), key=lambda one: (one.stat().st_size, one.name))
    return _change_a_digit(copy, found[-1:], "changed a digit in an original that an entry names")


def _change_a_report(copy: Path, log: Log) -> dict[str, Any]:
    found = sorted((copy / "reports").glob("*/*.csv"))
    return _change_a_digit(copy, found[-1:], "changed a digit in a published report")


def _change_a_digit(copy: Path, paths: list[Path], what: str) -> dict[str, Any]:
    """The last digit in a file; nothing where there is no such file."""
    for path in paths:
        raw = bytearray(path.read_bytes())
        for at in range(len(raw) - 1, -1, -1):
            if raw[at] in b"0123456789":
                raw[at] = ord(str((raw[at] - ord("0") + 1) % 10))
                path.write_bytes(raw)
                return {"what": what, "file": path.relative_to(copy).as_posix(), "byte": at}
    return {}
