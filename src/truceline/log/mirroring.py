"""A mirror: a copy of a log that its holder fetched, authenticated, checked entry by entry, and may cosign.

The copy has the layout of any log (`log/`, `state/`), so that every other command reads it. Files are written before the
commit point moves; a mirror's cosignature is made after that and means: I have stored and recomputed all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import LogError
from truceline.log.checkpoints import Checkpoint, read_checkpoint
from truceline.log.cosignatures import CosignerKey, cosign, read_cosignatures
from truceline.log.files import write_all_durably, write_durably
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.origins import origin_file, read_origin
from truceline.log.publishing import drop_replaced
from truceline.log.storing import settle, storing
from truceline.log.tiles import WIDTH, join_bundle, path_of
from truceline.log.tree import Source, TileTree

_STEP = 16 * WIDTH


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What one round brought."""

    size: int
    new: int
    cosigned: bool


def begin(folder: Path, key: VerifierKey, genesis_root: bytes) -> None:
    """Make a mirror of a log by its key and the root of its genesis entry; beginning again must say the same.

    Raises:
        LogError: LOG-058, it mirrors another log. EnvironmentFailure: ENV-001.
    """
    pinned = folder / "state" / "genesis"
    if (folder / "state" / "origin").exists():
        if (
            read_origin(folder) != key
            or not pinned.exists()
            or pinned.read_bytes() != genesis_root.hex().encode() + b"\n"
        ):
            raise LogError(
                "LOG-058", "a log must keep its key and its genesis", where=str(folder), value=str(key),
                remedy="The folder mirrors another log, or somebody gives you another one under the same name.",
            )  # fmt: skip
        return
    (folder / "log").mkdir(parents=True, exist_ok=True)
    write_durably(pinned, genesis_root.hex().encode() + b"\n")
    write_durably(folder / "state" / "origin", origin_file(key))


class Mirror:
    """The mirror in `folder`, made by `begin`."""

    def __init__(
        self, folder: Path, signer: SigningKey | None = None, clock: Callable[[], float] = time.time,
        approve: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """Open it.

        Args:
            approve: called with new entries stored and before they are cosigned; what it raises keeps the cosignature back.
        Raises:
            LogError: LOG-036, as `Log.open`.
        """
        self.folder, self._signer, self._clock, self._approve = folder, signer, clock, approve
        settle(folder, read_origin(folder))
        if signer is not None:
            self._know(CosignerKey.of(signer))
        self.log = Log.open(folder)

    @property
    def genesis_root(self) -> bytes:
        """The root that the first entry must have."""
        return bytes.fromhex((self.folder / "state" / "genesis").read_text(encoding="ascii").strip())

    def update(self, source: Source) -> Mirrored:
        """Fetch what is new, check it, store it, and cosign where this mirror has a key.

        Raises:
            LogError: LOG-044 another history than the one stored, LOG-061 the source is behind it; LOG-011..013, LOG-031 its
                checkpoint; LOG-030, LOG-037, LOG-039 its files; as `Chain.admit`, an entry that breaks the rules.
            EnvironmentFailure: ENV-001, ENV-003, ENV-031.
        """
        new = bare(source.checkpoint(), self.log.key, "the source's checkpoint")
        with self.log.writing():
            first = self._compare(new)
            remote = TileTree.load(source, new.size, new.root)
            if (remote.root_at(first) != self.log.root) if first else (remote.leaf(0) != self.genesis_root):
                raise _another_history(first)
            if new.size > first:
                with storing(self.folder, self.log.key):
                    self._store(remote.bundle, new)
        self._publish(new, is_new=new.size > first)
        return Mirrored(new.size, new.size - first, self._signer is not None)

    def take(self, new: Checkpoint, bundle: Callable[[int, int], list[bytes]]) -> tuple[Mirrored, bytes]:
        """Store entries that are here already up to a checkpoint that the log signed, check them, and cosign.

        Args:
            bundle: number and width -> the first entries of that bundle.
        Returns:
            what came, and the cosignature's line; empty where this mirror has no key.
        Raises:
            LogError, EnvironmentFailure: as `update`.
        """
        with self.log.writing():
            first = self._compare(new)
            if not first and leaf_hash(bundle(0, 1)[0]) != self.genesis_root:
                raise _another_history(first)
            if new.size == first and new.root != self.log.root:
                raise _another_history(first)
            if new.size > first:
                with storing(self.folder, self.log.key):
                    self._store(lambda number: bundle(number, min(WIDTH, new.size - number * WIDTH)), new)
        line = self._publish(new, is_new=new.size > first)
        return Mirrored(new.size, new.size - first, self._signer is not None), line

    def _compare(self, new: Checkpoint) -> int:
        """The size of the copy, which no checkpoint may be behind."""
        if new.size < self.log.size:
            raise LogError(
                "LOG-061", "a log must not be behind its mirror", where=self.log.origin, value=f"{new.size} < {self.log.size}",
                remedy="It was put back to an older state. Keep this copy, tell the other parties, and offer it for the repair.",
            )  # fmt: skip
        return self.log.size

    def _store(self, bundle: Callable[[int], list[bytes]], new: Checkpoint) -> None:
        log = self.log
        tree, chain = log.tree.copy(), log.chain.copy()
        chain_tree = tree
        chain.ask(lambda size: chain_tree.root_at(size) if size <= chain_tree.size else b"")
        files: dict[str, bytes] = {}
        written: list[str] = []
        for number in range(tree.size // WIDTH, -(-new.size // WIDTH)):
            notes = bundle(number)
            for note in notes[tree.size - number * WIDTH :]:
                chain.admit(note)
                files |= tree.push(leaf_hash(note))
            files[path_of("entries", number, len(notes))] = join_bundle(notes)
            if len(files) > _STEP // WIDTH:
                write_all_durably({self.folder / "log" / name: content for name, content in files.items()})
                written += files
                files = {}
        files |= tree.edge_files()
        if tree.root() != new.root:
            raise LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {new.size}",
                remedy="The source was altered: keep what it sent, and compare with another copy.",
            )  # fmt: skip
        write_all_durably({self.folder / "log" / name: content for name, content in files.items()})
        log.commit_point.swap(log.at, new)
        log.refresh()
        drop_replaced(self.folder / "log", [*written, *files])

    def _publish(self, new: Checkpoint, *, is_new: bool) -> bytes:
        if self._signer is None:
            self.log.attach(new, [])
            return b""
        if is_new or not self._is_cosigned(new):
            self.log.attach(new, [])
            self._approve()
        text = new.note.partition(b"\n\n")[0] + b"\n"
        line = cosign(text, self._signer, int(self._clock()))
        self.log.attach(new, read_cosignatures(text, line, [CosignerKey.of(self._signer)]))
        return line

    def _is_cosigned(self, at: Checkpoint) -> bool:
        return self.log.cosigned_note() != at.note

    def _know(self, key: CosignerKey) -> None:
        """The mirror's own policy: what it publishes bears its own cosignature."""
        text = f"log {read_origin(self.folder)}\nwitness {key.name} {key}\nquorum {key.name}\n"
        path = self.folder / "policy" / "mirror.policy"
        if not path.exists() or path.read_bytes() != text.encode():
            write_durably(path, text.encode())


def bare(note: bytes, key: VerifierKey, where: str) -> Checkpoint:
    """A checkpoint with the log's own signature and no other. Raises LogError LOG-011..013, LOG-031."""
    at, text, lines = read_checkpoint(note, key, where)
    own = next(line for line in lines if line.name == key.name and line.key_id == key.id)
    return Checkpoint(at.size, at.root, text + b"\n" + own.raw())


def _another_history(size: int) -> LogError:
    return LogError(
        "LOG-044", "the log must extend the checkpoint that was held", where=f"size {size}", value="another root",
        remedy="Somebody was shown another history. Keep both, and put them side by side with the other parties.",
    )  # fmt: skip
