"""Check a log from its first byte to its last; a file that is not what the signed checkpoint implies is named."""

from __future__ import annotations

from pathlib import Path

from truceline.errors import LogError
from truceline.log import tiles
from truceline.log.chain import Chain
from truceline.log.checkpoints import EMPTY, open_checkpoint
from truceline.log.entries import Entry
from truceline.log.locking import locked
from truceline.log.log import Log, read_bundles, read_origin
from truceline.log.merkle import CompactRange, leaf_hash, root_of

STATE = frozenset({"origin", "commit"})


def verify(folder: Path, held: bytes | None = None) -> list[Entry]:
    """Check every byte under `log/` and `state/`: signatures, sequences, root, tiles, and that nothing else stands there.

    What a crash left unfinished is finished first, as opening does.

    Args:
        held: a checkpoint that somebody kept from earlier or got from elsewhere; the log must extend it.
    Returns:
        the entries.
    Raises:
        LogError: LOG-010..013, LOG-020..022, LOG-110..117 an entry; LOG-030, LOG-037 a bundle; LOG-031, LOG-036, LOG-042 the
            state; LOG-038 a file differs, is missing or does not belong; LOG-039 the root; LOG-040 a sequence; LOG-044 another
            history than the one that was held.
        EnvironmentFailure: ENV-001, ENV-003.
    """
    key = read_origin(folder)
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
        notes, chain, tree, entries = (
            read_bundles(folder, at.size),
            Chain(key, lambda size: root_of(list(map(leaf_hash, notes[:size])))),
            CompactRange(),
            [],
        )
        for index, note in enumerate(notes):
            try:
                entries.append(chain.admit(note))
            except LogError as problem:
                raise LogError(
                    problem.code, problem.rule, where=f"entry {index}", value=problem.value,
                    remedy="The log was altered: keep this copy as it is, and compare with another one.",
                ) from problem  # fmt: skip
            tree.extend([leaf_hash(note)])
            if tree.size == before.size and tree.root() != before.root:
                raise _another_history(before.size, "another root")
        if tree.root() != at.root:
            raise LogError(
                "LOG-039", "the entries must hash to the signed root", where=f"size {at.size}",
                remedy="The log was altered: keep this copy as it is, and compare with another one.",
            )  # fmt: skip
        _compare(folder / "log", tiles.publish(notes) | {"checkpoint": at.note})
        _compare(folder / "state", {"commit": at.note}, elsewhere=STATE)
    return entries


def _compare(folder: Path, expected: dict[str, bytes], elsewhere: frozenset[str] = frozenset()) -> None:
    """Every file is there and byte for byte as expected, and there is no other, no empty folder and no link."""
    folders = {str(parent) for name in expected for parent in Path(name).parents}
    seen = set(expected)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or (
            name not in folders if path.is_dir() else name not in expected.keys() | elsewhere
        ):
            raise _differs(path, "nothing else may stand beside the log's files")
        if name in expected:
            if path.read_bytes() != expected[name]:
                raise _differs(path, "a published file must be what the commit point implies")
            seen.discard(name)
    if seen:
        raise _differs(folder / sorted(seen)[0], "every published file must be there")


def _another_history(size: int, seen: str) -> LogError:
    return LogError(
        "LOG-044", "the log must extend the checkpoint that was held", where=f"size {size}", value=seen,
        remedy="Somebody was shown another history. Keep both, and put them side by side with the other parties.",
    )  # fmt: skip


def _differs(path: Path, rule: str) -> LogError:
    return LogError(
        "LOG-038", rule, where=str(path), remedy="The log was altered: keep this copy as it is, and compare with another one.",
    )  # fmt: skip
