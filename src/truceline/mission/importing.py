"""A file becomes one entry: its bytes are kept as they came, its rows sifted, its refusals counted."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from truceline import intake
from truceline.errors import EnvironmentFailure, UsageError
from truceline.intake import mapping as mappings
from truceline.mission import sifting
from truceline.mission.mission import Mission, alone, public_row_secret
from truceline.mission.views import Views
from truceline.records.kinds import Import
from truceline.store import read_table


@dataclass(frozen=True, slots=True)
class Imported:
    """What `truceline import` says."""

    accepted: int
    duplicates: int
    superseded: int
    rejected: int
    rejected_file: str
    rows: int
    format: str
    entry: int
    sealed: bool
    aside: int = 0  # rows held and never fused: simulated ones in a real mission, real ones in an exercise


@alone
def import_file(
    mission: Mission,
    path: Path,
    *,
    format: str | None = None,
    mapping: Path | str | None = None,
    settings: dict[str, Any] | None = None,
    sealed: bool | None = None,
    at: str | None = None,
    say: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """Take a file into the mission. A file that the mission holds already adds nothing.

    Args:
        format: id of a format of `intake.FORMATS`; recognised from the content when None.
        sealed: whether the original is encrypted; by default all but public formats are.
    Raises:
        UsageError: MIS-010, no such file; MIS-020, a mission of record. IntakeError: a file that cannot be read at all.
        EnvironmentFailure: ENV-001. LogError: LOG-032, LOG-034.
    """
    if not path.is_file():
        raise UsageError("MIS-010", "the file must exist", where=str(path), remedy="Check the path.")
    mission.refuse_record()
    refuse_mixing(mission, path)
    given, drawn = _placed(mission, path, format, mapping, settings or {})
    reader = intake.open_file(path, format=format, mapping=mapping, settings=given)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = _known(mission, digest, reader)
    views = Views(mission)
    if known is not None:
        entry, before = known
        refused = sifting.rejected_path(views.import_path(entry))
        return Imported(
            0, before.rows - before.rejected, 0, before.rejected, str(refused) if before.rejected else "",
            before.rows, before.format, entry, before.sealed,
        )  # fmt: skip
    closed = (not reader.public) if sealed is None else sealed
    secret = secrets.token_bytes(32) if closed else public_row_secret(digest)
    view = views.import_path(mission.log.size)
    with _disk(mission.root):
        sifting.sweep(view.parent)
        made = sifting.sift(reader, views.ledger(), view, secret=secret, say=say)
        try:
            body = _stored(mission, path, reader, made, digest, secret if closed else b"", mapping, drawn)
            recorded = mission.record(body, "intake", at)
        except BaseException:
            made.drop()
            raise
        made.keep(views.import_path(recorded.index))
    return Imported(
        made.accepted, made.duplicates, made.superseded, made.rejected,
        str(made.rejected_file) if made.rejected else "", made.rows, reader.format, recorded.index, closed,
        _aside(mission, views.import_path(recorded.index)),
    )  # fmt: skip


def _aside(mission: Mission, view: Path) -> int:
    marks = read_table(view, ["exercise"])["exercise"]
    simulated = int(pc.sum(marks).as_py() or 0)
    return len(marks) - simulated if mission.genesis.exercise else simulated


def _stored(
    mission: Mission, path: Path, reader: intake.Reader, made: sifting.Pass, digest: str, secret: bytes,
    mapping: Path | str | None, drawn: bytes,
) -> Import:  # fmt: skip
    """Keep the bytes behind an import, sealed where there is a secret; the record of it.

    Raises:
        UsageError: MIS-011, the file is not what it was. EnvironmentFailure: ENV-001.
    """
    stored = mission.vault.seal_file(path, secret) if secret else mission.blobs.put(path)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise UsageError(
                "MIS-011", "a file must not change while it is read", where=str(path),
                remedy="Import it again when nothing writes to it.",
            )  # fmt: skip
    keep = mission.vault.seal_file if secret else mission.blobs.put
    rejected_stored = keep(made.rejected_file) if made.rejected else ""
    if mapping is not None:
        mission.blobs.put(mappings.raw_bytes(mapping))
    shown = {key: str(value) for key, value in reader.settings.items()}
    if drawn:
        shown[sifting.GEOMETRY_STORED] = mission.vault.seal_file(drawn)
    return Import(
        digest=digest, bytes=path.stat().st_size, format=reader.format, format_version=reader.format_version,
        mapping_digest=reader.mapping_digest, rows=made.rows, accepted=made.accepted, duplicates=made.duplicates,
        superseded=made.superseded, rejected=made.rejected, rejected_digest=made.rejected_digest,
        row_root=made.row_root, sealed=bool(secret), stored=stored, name=_name(path), rejected_stored=rejected_stored,
        settings=shown,
    )  # fmt: skip


def _name(path: Path) -> str:
    """The name of a file as text; bytes of it that are none are written out."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Say what the system refused as one error of ours; what was acknowledged before stands."""
    try:
        yield
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the file", where=str(problem.filename or root),
            value=problem.strerror or str(problem), remedy="Free space or fix the folder, then run the same command again.",
        ) from problem  # fmt: skip


def _placed(
    mission: Mission, path: Path, format: str | None, mapping: Path | str | None, settings: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """Settings with the places by which names are found: those of a file given, else the mission's own.

    Returns:
        the settings, and the bytes of a file of places to keep beside the import; empty for the mission's own.
    """
    fmt = intake.FORMATS.get(format or intake.detect(path)) if mapping is None else mappings.load(mapping)
    if fmt is None or "geometry" not in fmt.settings:
        return settings, b""
    if settings.get("geometry"):
        return settings, Path(str(settings["geometry"])).read_bytes()
    return settings | {"geometry": mission.places()}, b""


def _known(mission: Mission, digest: str, reader: intake.Reader) -> tuple[int, Import] | None:
    settings = {key: str(value) for key, value in reader.settings.items()}
    for one, imported in mission.of(Import):
        same = (
            imported.digest,
            imported.format,
            imported.format_version,
            imported.mapping_digest,
            {name: value for name, value in imported.settings.items() if name != sifting.GEOMETRY_STORED},
        )
        if same == (digest, reader.format, reader.format_version, reader.mapping_digest, settings):
            return one.index, imported
    return None


def refuse_mixing(mission: Mission, path: Path) -> None:
    """Real and simulated never share a mission: the file name is the first thing a person sees of it."""
    if path.name.upper().startswith("EXERCISE") and not mission.genesis.exercise:
        raise UsageError(
            "MIS-012", "simulated files must not enter a real mission", where=str(path),
            remedy="Import it into an exercise mission.",
        )  # fmt: skip
