"""One pass over a file: rows sifted against what is known, written to a view, hashed into one root, refusals kept.

The same pass serves the import and its replay, so they cannot drift apart.
"""

from __future__ import annotations

import csv
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from truceline import intake
from truceline.evidence import RowTree
from truceline.intake import Reader
from truceline.intake.chunks import BoolArray, Chunk, UInt64Array
from truceline.intake.ledger import Ledger
from truceline.intake.rows import digest_keys
from truceline.mission.ahead import ahead
from truceline.mission.mission import Mission
from truceline.records import digests
from truceline.records.columns import OBSERVATIONS
from truceline.records.kinds import Import
from truceline.store import TableWriter

ROWS = pa.schema(
    [
        *OBSERVATIONS,
        *(pa.field(f"{name}_{half}", pa.uint64()) for name in ("key", "content") for half in ("hi", "lo")),
    ]
)
DISTINCT = frozenset(
    {"obs_id", "observed_from_ms", "observed_to_ms", "received_at_ms", "lon_udeg", "lat_udeg", "text", "url"}
    | {f"{name}_{half}" for name in ("key", "content") for half in ("hi", "lo")}
)
LARGE_BYTES = 32 << 20  # from here on a compiled kernel pays for its loading
GEOMETRY_STORED = "geometry_stored"
REJECTED_COLUMNS = ("line", "code", "rule", "value", "remedy", "raw")


@dataclass(slots=True)
class Pass:
    """What one pass over a file made; the view and the file of rejected rows wait for `keep`."""

    rows: int
    accepted: int
    duplicates: int
    superseded: int
    rejected: int
    rejected_digest: str
    row_root: str
    rejected_file: Path
    _waiting: Path

    def keep(self, path: Path) -> None:
        """Let the view take its name, and the rejected rows, if any, theirs beside it."""
        if self.rejected:
            self.rejected_file = self.rejected_file.replace(rejected_path(path))
        else:
            self.rejected_file.unlink()
        self._waiting.replace(path)

    def drop(self) -> None:
        """Throw away what waits."""
        for waiting in (self._waiting, self.rejected_file):
            waiting.unlink(missing_ok=True)


def rejected_path(view: Path) -> Path:
    """Where the rejected rows of a view stand."""
    return view.with_suffix(".rejected.csv")


def sweep(folder: Path) -> None:
    """Remove what passes that never came to their end left in a folder of views."""
    for pattern in ("*.waiting.*", ".*.new"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def sift(
    reader: Reader,
    ledger: Ledger,
    view: Path,
    *,
    secret: bytes,
    say: Callable[[int], None] = lambda rows: None,
) -> Pass:
    """Read all chunks of `reader`, block by block.

    Args:
        view: where the accepted rows will stand; written beside it until `keep`, and nothing stays after an error.
        secret: 32 bytes from which the salts of the row root come.
        say: called with the number of rows read so far.
    Raises:
        IntakeError: a file that cannot be read to its end. EnvironmentFailure, OSError: the disk refused.
    """
    if reader.path.stat().st_size >= LARGE_BYTES:
        threading.Thread(target=digests.prepare, name="truceline-prepare").start()
    waiting, refused = (view.with_name(f"{view.stem}.waiting.{kind}") for kind in ("parquet", "csv"))
    tree, accepted, duplicates, superseded, rejected, read = RowTree(secret), 0, 0, 0, 0, 0
    try:
        with (
            TableWriter(waiting, ROWS, DISTINCT) as writer,
            _rejected_writer(refused) as (write_rejected, finish),
        ):
            for chunk in ahead(map(reader.read, ahead(reader.blocks()))):
                sifted = ledger.sift(chunk)
                tree.extend(chunk.digests)
                taken = ~sifted.duplicate
                if taken.any():
                    writer.add(_rows(chunk, taken))
                accepted += int(sifted.fresh.sum())
                superseded += int(sifted.superseding.sum())
                duplicates += int(sifted.duplicate.sum())
                rejected += len(chunk.rejected)
                for one in chunk.rejected:
                    write_rejected(one)
                read += chunk.observations.num_rows + len(chunk.rejected)
                say(read)
            digest = finish()
            writer.keep()
    except BaseException:
        for path in (waiting, refused):
            path.unlink(missing_ok=True)
        raise
    return Pass(read, accepted, duplicates, superseded, rejected, digest, tree.root(), refused, waiting)


def _rows(chunk: Chunk, taken: BoolArray) -> pa.Table:
    contents = digest_keys(chunk.digests)
    if taken.all():
        return with_words(chunk.observations, chunk.keys, contents)
    return with_words(chunk.observations.filter(pa.array(taken)), chunk.keys[taken], contents[taken])


def with_words(table: pa.Table, keys: UInt64Array, contents: UInt64Array) -> pa.Table:
    """Observations with the words by which a ledger knows them, schema ROWS."""
    columns = list(table.columns)
    for words in (keys, contents):
        columns += [pa.array(np.ascontiguousarray(words[:, half])) for half in (0, 1)]
    return pa.table(columns, schema=ROWS)


def reopen(original: Path, imported: Import, mission: Mission) -> Reader:
    """The reader that the import entry describes."""
    settings: dict[str, Any] = dict(imported.settings)
    stored = settings.pop(GEOMETRY_STORED, "")
    if settings.get("geometry"):
        settings["geometry"] = json.loads(mission.vault.read_file(stored)) if stored else mission.places()
    if not imported.mapping_digest:
        return intake.open_file(original, format=imported.format, settings=settings)
    mapping = original.with_name("mapping.yaml")
    mapping.write_bytes(mission.blobs.read(imported.mapping_digest))
    return intake.open_file(original, mapping=mapping, settings=settings)


def differences(made: Pass, imported: Import) -> list[str]:
    """Where a pass and an entry differ, in words."""
    names = ("rows", "accepted", "duplicates", "superseded", "rejected", "rejected_digest", "row_root")
    return [
        f"{name}: {getattr(made, name)} instead of {getattr(imported, name)}"
        for name in names
        if getattr(made, name) != getattr(imported, name)
    ]


class _rejected_writer:  # noqa: N801 - used as a `with` statement only
    """CSV of refused rows with a digest over its bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[Callable[[Any], None], Callable[[], str]]:
        self._file = self._path.open("w", encoding="utf-8", newline="")
        out = csv.writer(self._file, lineterminator="\n")
        out.writerow(REJECTED_COLUMNS)

        def write(one: Any) -> None:
            out.writerow([getattr(one, name) for name in REJECTED_COLUMNS])

        def finish() -> str:
            self._file.flush()
            with self._path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

        return write, finish

    def __exit__(self, *problem: object) -> None:
        self._file.close()
