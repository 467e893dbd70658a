"""Check a log from its first byte to its last; a file that is not what the signed checkpoint implies is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from truceline.errors import LogError
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, Checkpoint, open_checkpoint
from truceline.log.entries import Entry
from truceline.log.levels import LEVELS, known_cosigners, policies, refuse_unpinned, split
from truceline.log.locking import locked
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash
from truceline.log.notes import VerifierKey
from truceline.log.origins import read_origin
from truceline.log.sources import DiskSource
from truceline.log.storing import settle
from truceline.log.tiles import WIDTH, join_bundle, path_of, split_bundle
from truceline.log.tree import TileTree

STATE = frozenset({"origin", "commit"})


def verify(
    folder: Path, held: bytes | None = None, visit: Callable[[Entry], None] = lambda entry: None
) -> int:
    """Check every byte under `log/` and `state/`: signatures, sequences, root, tiles, and that nothing else stands there.

    What a crash left unfinished is finished first, as opening does. Memory does not grow with the log.

    Args:
        held: a checkpoint that somebody kept from earlier or got from elsewhere; the log must extend it.
        visit: called with each entry, in order.
    Returns:
        the number of entries.
    Raises:
        LogError: LOG-010..013, LOG-020..022, LOG-110..117 an entry; LOG-030, LOG-037 a bundle; LOG-031, LOG-036, LOG-042 the
            state; LOG-038 a file differs, is missing or does not belong; LOG-039 the root; LOG-040 a sequence; LOG-044 another
            history than the one that was held; LOG-142 a policy in use is not the pinned one.
        EnvironmentFailure: ENV-001, ENV-003.
    """
    key = read_origin(folder)
    settle(folder, key)
    log = Log(folder, key, None)
    if log.is_unfinished:
        with log.writing():
            pass
    with locked(folder / "state" / "origin", shared=True):
        at = log.committed()
        if not at.size:
            raise LogError(
                "LOG-031", "a log must have a checkpoint", where=str(log.commit_point.path),
                remedy="Nothing was recorded here yet: its making was cut short. Remove the folder and start again.",
            )  # fmt: skip
        before = open_checkpoint(held, key, "the checkpoint held") if held is not None else EMPTY
        if before.size > at.size:
            raise _another_history(before.size, f"{at.size} entries")
        published = _Published(folder / "log")
        tree, chain = _fold(folder, key, at.size, published, visit)
        if before.size and tree.root_at(before.size) != before.root:
            raise _another_history(before.size, "another root")
        if tree.root() != at.root:
            raise LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {at.size}",
                remedy="The log was altered: keep this copy as it is, and compare with another one.",
            )  # fmt: skip
        _check_published(folder, key, at, published)
        published.nothing_else()
        state = _Published(folder / "state", elsewhere=STATE)
        state.check("commit", at.note)
        _check_state(folder, key, tree, state)
        state.nothing_else()
        refuse_unpinned(folder, chain.pinned)
    return at.size


def _fold(
    folder: Path, key: VerifierKey, size: int, published: _Published, visit: Callable[[Entry], None]
) -> tuple[TileTree, Chain]:
    """Admit every entry as the sequencer did, and compare each file with what it must be, as soon as it is whole."""
    source = DiskSource(folder / "log")
    tree = TileTree(source)
    chain = Chain(key, tree.root_at)
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        raw = source.tile("entries", first // WIDTH, width)
        where = path_of("entries", first // WIDTH, width)
        try:
            notes = split_bundle(raw)
        except LogError as problem:
            raise LogError(
                problem.code, problem.rule, where=str(folder / "log" / where), value=problem.value,
                remedy="Fetch the file from another copy.",
            ) from problem  # fmt: skip
        if len(notes) < width:
            raise _differs(
                folder / "log" / where, "a bundle must hold as many entries as the checkpoint says"
            )
        for index, note in enumerate(notes[:width], first):
            try:
                visit(chain.admit(note))
            except LogError as problem:
                raise LogError(
                    problem.code, problem.rule, where=f"entry {index}", value=problem.value,
                    remedy="The log was altered: keep this copy as it is, and compare with another one.",
                ) from problem  # fmt: skip
            for name, content in tree.push(leaf_hash(note)).items():
                published.check(name, content)
        published.check(where, join_bundle(notes[:width]))
    for name, content in tree.edge_files().items():
        published.check(name, content)
    if size % WIDTH:
        published.earlier(path_of("entries", size // WIDTH, size % WIDTH), notes[: size % WIDTH])
    for name, content in tree.edge_files().items():
        published.earlier(name, [content[at : at + 32] for at in range(0, len(content), 32)])
    return tree, chain


def _check_published(folder: Path, key: VerifierKey, at: Checkpoint, published: _Published) -> None:
    """The committed checkpoint, with cosignatures of those whom the policies name and of nobody else."""
    path = folder / "log" / "checkpoint"
    if path.is_file() and not path.is_symlink() and path.read_bytes() != at.note:
        seen, made = split(path.read_bytes(), key, known_cosigners(folder), str(path))
        if seen.note == at.note and made:
            published.elsewhere("checkpoint")
            return
    published.check("checkpoint", at.note)


def _check_state(folder: Path, key: VerifierKey, tree: TileTree, state: _Published) -> None:
    """The newest checkpoint of each level, and what a mirror pins."""
    known = policies(folder)
    for name in (one for one in LEVELS if one in known):
        path = folder / "state" / name
        if not path.exists():
            continue
        at, _ = split(path.read_bytes(), key, known_cosigners(folder), str(path))
        if at.size > tree.size or tree.root_at(at.size) != at.root:
            raise _another_history(at.size, f"state/{name}")
        state.elsewhere(name)
    if (folder / "state" / "genesis").exists():
        state.check("genesis", tree.leaf(0).hex().encode() + b"\n")


class _Published:
    """A folder whose every file is compared with what it must be; whatever was not asked for does not belong."""

    def __init__(self, folder: Path, elsewhere: frozenset[str] = frozenset()) -> None:
        self._folder, self._seen = folder, set(elsewhere)

    def check(self, name: str, content: bytes) -> None:
        path = self._folder / name
        if name in self._seen:
            return
        self._seen.add(name)
        if path.is_symlink():
            raise _differs(path, "nothing else may stand beside the log's files")
        try:
            same = path.read_bytes() == content
        except OSError as problem:
            raise _differs(path, "every published file must be there") from problem
        if not same:
            raise _differs(path, "a published file must be what the commit point implies")

    def earlier(self, name: str, parts: Sequence[bytes]) -> None:
        """Partial tiles of smaller checkpoints may stand until the full one is there."""
        folder = (self._folder / name).parent
        bundle = "/entries/" in name
        for path in folder.iterdir() if folder.is_dir() else ():
            if re.fullmatch("[1-9][0-9]{0,2}", path.name) and int(path.name) < len(parts):
                held = parts[: int(path.name)]
                self.check(
                    path.relative_to(self._folder).as_posix(), join_bundle(held) if bundle else b"".join(held)
                )

    def elsewhere(self, name: str) -> None:
        """A file that was checked otherwise."""
        if (self._folder / name).is_symlink():
            raise _differs(self._folder / name, "nothing else may stand beside the log's files")
        self._seen.add(name)

    def nothing_else(self) -> None:
        """Every file was asked for; there is no empty folder, and no link."""
        folders = {str(parent) for name in self._seen for parent in PurePosixPath(name).parents}
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.is_symlink() or name not in (folders if path.is_dir() else self._seen):
                raise _differs(path, "nothing else may stand beside the log's files")


def _another_history(size: int, seen: str) -> LogError:
    return LogError(
        "LOG-044", "the log must extend the checkpoint that was held", where=f"size {size}", value=seen,
        remedy="Somebody was shown another history. Keep both, and put them side by side with the other parties.",
    )  # fmt: skip


def _differs(path: Path, rule: str) -> LogError:
    return LogError(
        "LOG-038", rule, where=str(path), remedy="The log was altered: keep this copy as it is, and compare with another one.",
    )  # fmt: skip
