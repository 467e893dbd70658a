"""The observations and watches of a mission as tables, rebuilt from the originals whenever a view is missing.

Replay is nothing else than this class with an empty folder: then every original is parsed again, every payload opened,
and the counts and roots of every import entry are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import CheckFailed, ReplayError
from truceline.intake.chunks import UInt64Array, assemble
from truceline.intake.ledger import Ledger, newest
from truceline.intake.rows import digest_keys, row_digests, row_keys
from truceline.log.entries import Entry, entry_id, parse_entry
from truceline.log.notes import VerifierKey
from truceline.mission import sifting
from truceline.mission.grouping import withdrawn_since
from truceline.mission.heard import allow_for, by_device, heard
from truceline.mission.mission import Mission, Recorded
from truceline.mission.shredded import Shredded
from truceline.records.columns import OBSERVATIONS, WATCHES
from truceline.records.kinds import Clock, Commitments, Import, Key, Observation, Watch, decode
from truceline.store import is_whole, read_metadata, read_table, write_table

OWN_FAMILY = "truceline"
WORDS = tuple(f"{name}_{half}" for name in ("key", "content") for half in ("hi", "lo"))
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observed:
    """All standing observations: schema OBSERVATIONS, and the rank of each row on the log.

    `aside` counts rows that are real in an exercise, or simulated in a real mission: held, never fused.
    """

    observations: pa.Table
    origin: Int64Array
    aside: int = 0


class Views:
    """Tables of one mission in `folder`, up to the entry `before` (all when None)."""

    def __init__(self, mission: Mission, folder: Path | None = None, before: int | None = None) -> None:
        self._mission, self._folder = mission, folder or mission.root / "views"
        self._before = mission.log.size if before is None else before

    def observed(self) -> Observed:
        """Every accepted row that no newer version of it has superseded and nobody withdrew, in the order of the log.

        Raises:
            EvidenceError: EVI-001, EVI-002, EVI-011. ReplayError: RPL-001 an import that parses to something else,
                RPL-002 a payload that its observer did not sign.
        """
        pieces = [(one.index, self._import(one, imported)) for one, imported in self._imports()]
        sealed = self._sealed("observations")
        for index in np.unique(sealed.column("entry").to_numpy()).tolist():
            rows = sealed.filter(pa.array(sealed.column("entry").to_numpy() == index))
            pieces.append((index, rows.drop_columns(["entry"])))
        pieces.sort(key=lambda piece: piece[0])
        if not pieces:
            return Observed(OBSERVATIONS.empty_table(), np.zeros(0, np.int64))
        whole = pa.concat_tables([piece for _, piece in pieces])
        standing = newest(_words(whole, "key"))
        marked = whole.column("exercise").to_numpy() == self._mission.genesis.exercise
        chosen = standing & marked
        withdrawn = withdrawn_since(self._mission, self._before)
        if withdrawn:
            entry = np.repeat([index for index, _ in pieces], [piece.num_rows for _, piece in pieces])
            at = pc.index_in(whole.column("obs_id"), value_set=pa.array(list(withdrawn), pa.string()))
            since = np.append(np.fromiter(withdrawn.values(), np.int64), -1)[np.asarray(pc.fill_null(at, -1))]
            chosen &= entry >= since
        kept = whole.filter(pa.array(chosen)).select(OBSERVATIONS.names)
        ranks = np.flatnonzero(chosen).astype(np.int64)
        return Observed(kept.cast(OBSERVATIONS).combine_chunks(), ranks, int((standing & ~marked).sum()))

    def watches(self) -> pa.Table:
        """Every watch, schema WATCHES."""
        return self._sealed("watches").select(WATCHES.names).cast(WATCHES)

    def ledger(self) -> Ledger:
        """What the mission holds before the entry `before`."""
        ledger = Ledger()
        for one, imported in self._imports():
            table = self._import(one, imported, list(WORDS))
            ledger.remember(_words(table, "key"), _words(table, "content"))
        sealed = self._sealed("observations")
        ledger.remember(_words(sealed, "key"), _words(sealed, "content"))
        return ledger

    def import_path(self, index: int) -> Path:
        """Where the view of an import stands."""
        return self._folder / "imports" / f"{index:08d}.parquet"

    def _imports(self) -> list[tuple[Recorded, Import]]:
        shredded = Shredded(self._mission)
        return [pair for pair in self._mission.of(Import, self._before) if not shredded.whole(pair[0])]

    def _import(self, one: Recorded, imported: Import, columns: list[str] | None = None) -> pa.Table:
        path = self.import_path(one.index)
        if not is_whole(path):
            ledger = Views(self._mission, self._folder, one.index).ledger()
            with self._mission.original(imported) as (original, secret):
                made = sifting.sift(
                    sifting.reopen(original, imported, self._mission), ledger, path, secret=secret
                )
            differing = sifting.differences(made, imported)
            if differing:
                made.drop()
                raise ReplayError(
                    "RPL-001", "a file must parse to what its entry says", where=f"entry {one.index}",
                    value="; ".join(differing),
                    remedy="The version of Truceline that made the entry reads the format differently.",
                )  # fmt: skip
            made.keep(path)
        return read_table(path, columns)

    def _sealed(self, name: str) -> pa.Table:
        path = self._folder / f"sealed-{name}.parquet"
        upto = int(read_metadata(path).get("upto", 0))
        if upto != self._before:
            self._open_all(upto if 0 < upto < self._before else 0)
        return read_table(path)

    def _open_all(self, start: int) -> None:
        """Open the batches of the log from entry `start` on and check who signed what."""
        batches = [one for one in self._mission.of(Commitments, self._before) if one[0].index >= start]
        if not batches and start:
            for name in ("observations", "watches"):
                path = self._folder / f"sealed-{name}.parquet"
                write_table(path, read_table(path), {"upto": str(self._before)})
            return
        opened = _Opening(self._mission)
        for one, batch in self._mission.of(Commitments, self._before):  # keys are enrolled inside: always all
            opened.batch(one, batch)
        write_table(
            self._folder / "sealed-observations.parquet", opened.observations(), {"upto": str(self._before)}
        )
        write_table(self._folder / "sealed-watches.parquet", opened.watches(), {"upto": str(self._before)})


class _Opening:
    """Folds over the sealed records: keys, sequences, rows."""

    def __init__(self, mission: Mission) -> None:
        self._mission = mission
        registrar = VerifierKey.parse(mission.genesis.keys["registrar"])
        self._keys = {"registrar": registrar}
        self._last: dict[str, tuple[int, str]] = {}
        self._shredded, self._gone = Shredded(mission), 0
        self._rows: dict[str, list[tuple[int, dict[str, str | int | bool]]]] = {
            "observation": [],
            "watch": [],
        }
        self._named: dict[str, str] = {}  # obs_id -> who used it first
        self._devices: dict[str, list[tuple[int, dict[str, str | int | bool]]]] = {}

    def batch(self, entry: Recorded, batch: Commitments) -> None:
        """Check and take the records of a batch; a record said under duress is checked like any and then set aside."""
        mission, index = self._mission, entry.index
        opened = mission.vault.open_batch(
            batch.payloads_digest, batch.commitments, self._shredded.records(entry, batch)
        )
        for number, one in enumerate(opened):
            if one.is_shredded:
                self._gone += 1
            if one.is_shredded or one.is_dummy:
                continue
            note, where = one.record.sealed, f"entry {index}, record {number}"
            said = parse_entry(mission.log.origin, note, self._keys)
            self._follow(said, note, where)
            if by_device(said.author):
                self._by_device(said, index)
                continue
            body = decode(said.kind, said.body)
            if isinstance(body, Key) and said.author == "registrar":
                self._keys[body.author] = VerifierKey.parse(body.vkey)
            elif isinstance(body, (Observation, Watch)) and body.row["source_id"] == said.author:
                if body.duress != "1":
                    self._rows[said.kind].append((index, body.row))
                    self._named.setdefault(str(body.row.get("obs_id")), said.author)
            else:
                raise ReplayError(
                    "RPL-002", "an observer must speak for itself only", where=where, value=said.author,
                    remedy="The record was made by another source than it names.",
                )  # fmt: skip

    def _by_device(self, entry: Entry, index: int) -> None:
        """Take what a device said; what breaks a rule, was said under force, or takes another's name is set aside."""
        try:
            body = heard(entry, exercise=self._mission.genesis.exercise)
        except CheckFailed:
            return
        if isinstance(body, Clock):
            for seq, row in self._devices.get(entry.author, ()):
                if seq >= body.since_seq:
                    allow_for(row, body.off_ms)
            return
        name = str(body.row.get("obs_id"))
        if body.duress == "1" or (
            self._named.setdefault(name, entry.author) != entry.author and entry.kind == "observation"
        ):
            return
        row = dict(body.row)
        self._devices.setdefault(entry.author, []).append((entry.seq, row))
        self._rows[entry.kind].append((index, row))

    def _follow(self, said: Entry, note: bytes, where: str) -> None:
        """Each source's numbers follow each other; what was shredded may be missing among them, and no more."""
        seq, prev = self._last.get(said.author, (0, ""))
        missing = said.seq - seq
        if 0 < missing <= self._gone:
            self._gone -= missing
        elif (said.seq, said.prev) != (seq, prev):
            raise ReplayError(
                "RPL-002", "an observer's records must follow each other without a gap", where=where,
                value=said.seq, remedy="A record was suppressed or repeated: ask the observer's device.",
            )  # fmt: skip
        self._last[said.author] = (said.seq + 1, entry_id(note))

    def observations(self) -> pa.Table:
        rows = self._rows["observation"]
        listed = pa.Table.from_pylist([row for _, row in rows], schema=OBSERVATIONS)
        table = assemble(
            {name: listed.column(name).combine_chunks() for name in OBSERVATIONS.names}, len(rows)
        )
        keys, contents = (
            row_keys(OWN_FAMILY, table.column("obs_id").combine_chunks()),
            digest_keys(row_digests(table)),
        )
        return sifting.with_words(table, keys, contents).append_column(
            "entry", pa.array([i for i, _ in rows], pa.int64())
        )

    def watches(self) -> pa.Table:
        rows = self._rows["watch"]
        listed = pa.Table.from_pylist([row for _, row in rows], schema=WATCHES)
        return listed.append_column("entry", pa.array([i for i, _ in rows], pa.int64()))


def _words(table: pa.Table, name: str) -> UInt64Array:
    parts = [table.column(f"{name}_{half}").to_numpy() for half in ("hi", "lo")]
    words: UInt64Array = np.stack(parts, axis=1).astype(np.uint64)
    return words
