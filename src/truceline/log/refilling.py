"""Entries that were lost here and kept elsewhere: back into a folder, under the checkpoint that vouches for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from truceline.errors import LogError
from truceline.log.chain import Chain
from truceline.log.checkpoints import Checkpoint
from truceline.log.files import write_durably
from truceline.log.merkle import leaf_hash
from truceline.log.notes import DASH
from truceline.log.origins import read_origin
from truceline.log.sources import DiskSource
from truceline.log.tiles import WIDTH, join_bundle, path_of
from truceline.log.tree import Source, TileTree


def refill(folder: Path, have: Checkpoint, wanted: Checkpoint, source: Source) -> int:
    """Extend the log in a folder, which nobody else uses, from `have` to `wanted`; how many entries came.

    Args:
        have: what the folder holds, verified.
        wanted: signed by the log; its note may bear cosignatures.
        source: a mirror that holds that much or more.
    Raises:
        LogError: LOG-037 the mirror holds less, LOG-039 its entries are others, LOG-044 they do not extend what is here; as
            `Chain.admit`. EnvironmentFailure: ENV-001.
    """
    key = read_origin(folder)
    theirs = TileTree.load(source, wanted.size, wanted.root)
    if have.size and theirs.root_at(have.size) != have.root:
        raise LogError(
            "LOG-044", "the log must extend the checkpoint that was held", where=f"size {have.size}", value="another root",
            remedy="The mirror and the backup are of two histories. Keep both, and put them side by side with the other parties.",
        )  # fmt: skip
    chain = Chain(key, theirs.root_at)
    for number in range(-(-wanted.size // WIDTH)):
        notes = theirs.bundle(number)
        _admit(chain, notes, number)
        if (number + 1) * WIDTH > have.size:
            write_durably(folder / "log" / path_of("entries", number, len(notes)), join_bundle(notes))
    tree = TileTree(DiskSource(folder / "log"))
    for number in range(-(-wanted.size // WIDTH)):
        for name, content in tree.extend(map(leaf_hash, theirs.bundle(number))).items():
            if ".p/" not in name:
                write_durably(folder / "log" / name, content)
    for name, content in tree.edge_files().items():
        write_durably(folder / "log" / name, content)
    bare = bare_note(wanted.note, key.name)
    write_durably(folder / "state" / "commit", bare)
    write_durably(folder / "log" / "checkpoint", bare)
    _drop_stale(folder / "log", wanted.size)
    return wanted.size - have.size


def bare_note(note: bytes, origin: str) -> bytes:
    """A checkpoint without the lines of those who cosigned it."""
    text, _, tail = note.partition(b"\n\n")
    own = [line for line in tail.splitlines(keepends=True) if line.startswith(f"{DASH}{origin} ".encode())]
    return text + b"\n\n" + b"".join(own[:1])


def _admit(chain: Chain, notes: Sequence[bytes], number: int) -> None:
    for at, note in enumerate(notes):
        try:
            chain.admit(note)
        except LogError as problem:
            raise LogError(
                problem.code, problem.rule, where=f"entry {number * WIDTH + at} of the mirror", value=problem.value,
                remedy="The mirror is not whole: try another one.",
            ) from problem  # fmt: skip


def _drop_stale(log: Path, size: int) -> None:
    """Partial tiles and bundles of other sizes."""
    for folder in sorted(log.rglob("*.p")):
        name = folder.relative_to(log).parts
        level = name[1]
        number = int("".join(part.removeprefix("x") for part in name[2:]).removesuffix(".p"))
        height = 0 if level == "entries" else int(level)
        width = (size >> (8 * height)) - number * WIDTH
        for part in folder.iterdir():
            if not 0 < width < WIDTH or part.name != str(width):
                part.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
