"""Backups, and coming back from one: never to a state older than somebody cosigned.

A backup holds what is published, originals, ciphertexts, reports and policies. It never holds `sealed/keys`, so what is
shredded later does not live on in it; nor views, which are made again; nor private keys, which lie elsewhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import EnvironmentFailure, EvidenceError, LogError, NotAMission, UsageError
from truceline.log.asking import Asked, Sender, ask
from truceline.log.checkpoints import Checkpoint, open_checkpoint, read_checkpoint
from truceline.log.cosignatures import check_cosignatures
from truceline.log.http import is_url
from truceline.log.levels import policies
from truceline.log.locking import locked
from truceline.log.notes import VerifierKey
from truceline.log.origins import read_origin
from truceline.log.refilling import refill
from truceline.log.sources import DiskSource, open_source
from truceline.log.tree import Source, TileTree
from truceline.mission import cosigned
from truceline.mission.mission import NAMES_KEY, Mission
from truceline.mission.verifying import verify
from truceline.records.kinds import Genesis

GROWING = ("blobs", "sealed/payloads", "sealed/files", "reports", "policy", "cosigned")
"""Folders whose files are added and, but for policies, never changed."""
STATE = ("origin", "commit", "receipt", "final")


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup: where, of which size of the log, and how many files were copied now."""

    folder: Path
    log_size: int
    copied: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A mission that stands again: its size, what the backup had, what mirrors gave, and what is still missing."""

    folder: Path
    log_size: int
    backup_size: int
    refilled: int
    cosigned_size: int
    missing: tuple[str, ...]


def backup(root: Path, target: Path) -> Saved:
    """Copy a mission, at one state of its log; a folder that holds an older backup of it is brought up to date.

    Raises:
        NotAMission: MIS-002. UsageError: MIS-070, the target holds something else. EnvironmentFailure: ENV-001, ENV-003.
        LogError, EvidenceError: the copy does not verify.
    """
    if not (root / "state" / "origin").is_file():
        raise NotAMission(
            "MIS-002", "the folder must hold a mission", where=str(root), remedy="Check the path."
        )
    key = read_origin(root)
    if target.exists() and any(target.iterdir()) and not _is_of(target, key):
        raise UsageError(
            "MIS-070", "a backup must go into an empty folder, or into an older backup of the same mission",
            where=str(target), remedy="Choose another folder.",
        )  # fmt: skip
    Mission.open(root, target / "no-keys")  # what a crash left is finished first
    try:
        with locked(root / "state" / "origin"):
            copied = _copy(root, target)
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the files", where=str(problem.filename or target), value=problem.strerror,
            remedy="Free space there, then run the same command again: it goes on where it stopped.",
        ) from problem  # fmt: skip
    return Saved(target, verify(target, disclosed_only=True).log_size, copied)


def restore(
    saved: Path, root: Path, *, held: Sequence[tuple[str, bytes]] = (), mirrors: Sequence[str | Path] = (), nobody_cosigned: bool = False,
    sender: Sender | None = None, without: Collection[str] = (), say: Callable[[str], None] = lambda said: None,
) -> Restored:  # fmt: skip
    """Make a mission from a backup, unless somebody cosigned more than can be found again.

    The cosigners of the backup's policies are asked, where they have an address and there is a `sender`; mirrors among them
    give back what the backup lacks.

    Args:
        held: checkpoints that witnesses and parties hold: a name for messages, and the note.
        mirrors: copies of the published log: folders (`log/`, and `blobs/` where there are), e.g. a party's stick; or URLs.
        sender: what asks over the network; nobody is asked when None.
        without: names of cosigners whose silence is accepted, since they were asked in another way or are gone for good.
        nobody_cosigned: nobody ever cosigned this log, so there is nobody to ask.
    Raises:
        UsageError: MIS-001 the target is not empty, MIS-071 nobody was asked. LogError: LOG-136, the tail is lost; LOG-150, a
            cosigner does not answer; LOG-044, a history that differs. LogError, EvidenceError: the backup does not verify. EnvironmentFailure: ENV-001.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(
            "MIS-001",
            "a mission must start in an empty folder",
            where=str(root),
            remedy="Choose another folder, or remove this one.",
        )
    known_policies = policies(saved).values() if (saved / "policy").is_dir() else ()
    to_ask = sender is not None and any(
        one.url for policy in known_policies for one in policy.witnesses.values()
    )
    if not held and not mirrors and not nobody_cosigned and not to_ask:
        raise UsageError(
            "MIS-071", "before a mission is restored, those who cosigned it must be asked", where=str(saved),
            remedy="Give their newest checkpoints with --held, or their copies with --mirror; --nobody-cosigned if there is nobody.",
        )  # fmt: skip
    verify(saved, disclosed_only=True)
    key = read_origin(saved)
    have = open_checkpoint((saved / "state" / "commit").read_bytes(), key)
    asked = ask(known_policies, key, have, sender, say) if sender is not None and to_ask else []
    _refuse_silence(asked, key, held, without)
    copies = _copies(key, [*mirrors, *(one.prefix for one in asked if one.prefix)])
    known = [*_known(key, [*held, *cosigned.notes(saved)]), *(at for _, at in copies)]
    _same_history(saved, have, known)
    reached = max([have.size, *(one.size for one in asked), *(one.size for one in known)])
    partial = root.with_name(f".{root.name}.restoring")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _copy(saved, partial)
        came = 0
        newest = have
        if reached > have.size:
            source, newest = _best(copies, reached, have)
            came = refill(partial, have, newest, source)
            for mirror in mirrors:
                if not is_url(str(mirror)):
                    _take_missing(Path(mirror), partial)
        made = verify(partial, disclosed_only=True) if not came else None
    except OSError as problem:
        raise EnvironmentFailure(
            "ENV-001", "the disk must take the files", where=str(problem.filename or root), value=problem.strerror,
            remedy="Free space there, then run the same command again.",
        ) from problem  # fmt: skip
    missing = () if made else tuple(_missing(partial))
    root.parent.mkdir(parents=True, exist_ok=True)
    if root.exists():
        root.rmdir()
    partial.rename(root)
    return Restored(
        root,
        newest.size,
        have.size,
        came,
        max([0, *(one.size for one in known), *(one.size for one in asked)]),
        missing,
    )


def succeed(
    old: Path, root: Path, *, held: Sequence[tuple[str, bytes]], keys: Path | None = None
) -> Mission:  # fmt: skip
    """Close a log whose tail is lost: a new mission, with a log of its own, whose genesis embeds the old checkpoints.

    Parties, settings and geometry are those of the old one; keys are new, since none serves two logs.

    Args:
        old: what is left, a backup or a mirror with its originals.
        held: every newest checkpoint that anybody holds; they bind whoever opens the successor to what was lost.
    Raises:
        UsageError: MIS-001, MIS-009, MIS-072 no checkpoint was given. LogError: one that the old log did not sign.
    """
    if not held:
        raise UsageError(
            "MIS-072", "a successor must embed the checkpoints that others hold of the old log", where=str(old),
            remedy="Give each with --held, so that nobody can say that the old log was shorter.",
        )  # fmt: skip
    key = read_origin(old)
    notes = sorted({note.decode() for _, note in held if read_checkpoint(note, key)})
    before = Mission.open(old, root / "no-keys")
    settings = {
        name: one
        for name, one in before.genesis.settings.items()
        if not name.startswith("age_recipient_") and name != NAMES_KEY
    }
    genesis = Genesis(
        name=before.genesis.name, exercise=before.genesis.exercise, parties=before.genesis.parties,
        alignments=before.genesis.alignments, actors=before.genesis.actors, keys={}, settings=settings,
        succeeds=tuple(notes), policies={name: text for name, (_, text) in before.log.chain.pinned.entries.items()},
    )  # fmt: skip
    geometry = before.geometry if before.genesis.geometry else None
    return Mission.create(root, genesis, geometry=geometry, keys=keys)


def _is_of(target: Path, key: VerifierKey) -> bool:
    try:
        return read_origin(target) == key
    except LogError:
        return False


def _copy(source: Path, target: Path) -> int:
    copied = 0
    log = {path.relative_to(source) for path in _files(source / "log")}
    for path in [one for one in _files(target / "log") if one.relative_to(target) not in log]:
        path.unlink()  # partial tiles of another size
    for folder in sorted(
        (one for one in (target / "log").rglob("*.p") if not any(one.iterdir())), reverse=True
    ):
        folder.rmdir()
    names = [*sorted(log), *(path.relative_to(source) for name in GROWING for path in _files(source / name))]
    state = [Path("state") / name for name in STATE if (source / "state" / name).is_file()]
    for name in [*names, *state]:
        there, here = target / name, source / name
        same = (
            there.is_file()
            and there.stat().st_size == here.stat().st_size
            and there.read_bytes() == here.read_bytes()
        )
        if not same:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
            copied += 1
    return copied


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _known(key: VerifierKey, held: Sequence[tuple[str, bytes]]) -> Iterator[Checkpoint]:
    for where, note in held:
        yield read_checkpoint(note, key, where)[0]


def _copies(key: VerifierKey, mirrors: Sequence[str | Path]) -> list[tuple[Source, Checkpoint]]:
    """Where entries can be had, and under which checkpoint each copy stands."""
    sources = [open_source(str(one)) for one in mirrors]
    return [(one, read_checkpoint(one.checkpoint(), key, str(where))[0]) for one, where in zip(sources, mirrors, strict=True)]  # fmt: skip


def _refuse_silence(
    asked: Sequence[Asked], key: VerifierKey, held: Sequence[tuple[str, bytes]], without: Collection[str]
) -> None:
    """Who is silent may have cosigned more; a checkpoint with its cosignature, or its name in `without`, answers for it."""
    silent = [one for one in asked if one.silent and one.key.name not in without]
    for where, note in held:
        _, text, lines = read_checkpoint(note, key, where)
        said = {one.key for one in check_cosignatures(text, lines, [one.key for one in silent])}
        silent = [one for one in silent if one.key not in said]
    if silent:
        raise LogError(
            "LOG-150", "every cosigner must say how far it cosigned before a log is resumed", where=silent[0].key.name,
            value=silent[0].silent,
            remedy="Start it, or give the newest checkpoint that it cosigned with --held. If it is gone for good: --without NAME.",
        )  # fmt: skip


def _same_history(saved: Path, have: Checkpoint, known: Sequence[Checkpoint]) -> None:
    tree = TileTree.load(DiskSource(saved / "log"), have.size, have.root)
    for one in known:
        if one.size <= have.size and tree.root_at(one.size) != one.root:
            raise LogError(
                "LOG-044", "the log must extend the checkpoint that was held", where=f"size {one.size}", value="another root",
                remedy="The backup and what somebody cosigned are of two histories. Keep both, and bring all parties together.",
            )  # fmt: skip


def _best(
    copies: Sequence[tuple[Source, Checkpoint]], reached: int, have: Checkpoint
) -> tuple[Source, Checkpoint]:
    """The fullest copy, if it goes as far as anybody cosigned."""
    source, at = max(copies, key=lambda one: one[1].size, default=(None, have))
    if source is not None and at.size >= reached:
        return source, at
    raise LogError(
        "LOG-136", "a log must not be resumed behind what somebody cosigned", where=f"size {have.size}", value=reached,
        remedy="Find a mirror with the rest (--mirror). If it is lost, close the log: `truceline succeed OLD NEW --held FILE`.",
    )  # fmt: skip


def _take_missing(mirror: Path, root: Path) -> None:
    for name in GROWING:
        for path in _files(mirror / name):
            there = root / path.relative_to(mirror)
            if not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, there)


def _missing(root: Path) -> Iterator[str]:
    """What the entries that came from mirrors name and nobody gave: to be fetched, and said, not to be passed over."""
    try:
        verify(root, disclosed_only=True)
    except EvidenceError as problem:
        if problem.code != "EVI-001":
            raise
        yield str(problem)
