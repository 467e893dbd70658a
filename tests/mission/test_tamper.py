"""Everything under a mission's log that the log vouches for: altered, cut, removed, exchanged, added to.

By default a few files of each kind are tried; TRUCELINE_TAMPER=all tries every file, which takes minutes.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from truceline.errors import CheckFailed
from truceline.mission.verifying import verify

KINDS = ("log", "state", "blobs", "sealed/payloads", "sealed/files", "sealed/keys", "reports")
EACH = 10_000 if os.environ.get("TRUCELINE_TAMPER") == "all" else 2


def files(folder: Path, kind: str) -> list[Path]:
    """Up to `EACH` files of a kind, the same every time; of log and state, all."""
    found = sorted(path for path in (folder / kind).rglob("*") if path.is_file())
    return found if kind in ("log", "state") else random.Random(7).sample(found, min(EACH, len(found)))


def is_superseded(path: Path) -> bool:
    """Whether a partial tile has a fuller one beside it."""
    whole = path.parent.name.endswith(".p")
    return whole and (
        path.parent.with_suffix("").exists()
        or int(path.name) < max(int(one.name) for one in path.parent.iterdir())
    )


def refused(folder: Path) -> CheckFailed:
    with pytest.raises(CheckFailed) as caught:
        verify(folder)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_or_a_cut_file_is_refused(own_copy: Path, kind: str) -> None:
    choice = random.Random(3)
    for path in files(own_copy, kind):
        raw = path.read_bytes()
        for at in (0, len(raw) - 1, choice.randrange(len(raw))):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << choice.randrange(8)]) + raw[at + 1 :])
            assert refused(own_copy).remedy
        for other in (raw[:-1], b"", raw + b"\n"):
            path.write_bytes(other)
            refused(own_copy)
        path.write_bytes(raw)
    verify(own_copy)


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "reports"])
def test_a_removed_file_is_refused(own_copy: Path, kind: str) -> None:
    for path in files(own_copy, kind):
        if is_superseded(path):
            continue  # a log may drop these, and readers do without
        raw = path.read_bytes()
        path.unlink()
        refused(own_copy)
        path.write_bytes(raw)
    verify(own_copy)


def test_a_removed_report_is_said_and_stands_among_the_originals(own_copy: Path) -> None:
    (path, *_) = files(own_copy, "reports")
    raw = path.read_bytes()
    path.unlink()
    (remark,) = verify(own_copy).remarks
    assert path.name in remark
    blob = own_copy / remark.rpartition("stand in ")[2].rstrip(".")
    assert blob.read_bytes() == raw
    blob.unlink()
    assert refused(own_copy).code == "EVI-001"


def test_two_files_exchanged_are_refused(own_copy: Path) -> None:
    tried = [path for kind in KINDS for path in files(own_copy, kind)]
    pairs = list(itertools.combinations(tried, 2))
    for one, two in random.Random(5).sample(pairs, 20 if EACH == 2 else 2_000):
        first, second = one.read_bytes(), two.read_bytes()
        if first == second:
            continue
        one.write_bytes(second)
        two.write_bytes(first)
        refused(own_copy)
        one.write_bytes(first)
        two.write_bytes(second)
    verify(own_copy)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_somebody_added_is_refused_or_said(own_copy: Path, kind: str) -> None:
    folders = [path for path in (own_copy / kind, *(own_copy / kind).iterdir()) if path.is_dir()][:4]
    for folder in folders:
        path = folder / "2031-04-14.csv"
        path.write_bytes(b"not ours")
        if kind == "reports":
            assert any(path.name in remark for remark in verify(own_copy).remarks)
        else:
            refused(own_copy)
        path.unlink()
    verify(own_copy)


def test_an_original_that_no_entry_names_is_said(own_copy: Path) -> None:
    from truceline.evidence import Blobs

    digest = Blobs(own_copy / "blobs").put(b"left by a program that ended early")
    assert any("named by no entry" in remark for remark in verify(own_copy).remarks)
    Blobs(own_copy / "blobs").path(digest).write_bytes(b"altered")
    assert refused(own_copy).code == "EVI-002"


def test_a_copy_without_keys_and_reports_is_whole(own_copy: Path) -> None:
    """What a party or the public holds."""
    import shutil

    shutil.rmtree(own_copy.with_name("mission.keys"))
    shutil.rmtree(own_copy / "sealed" / "keys")
    shutil.rmtree(own_copy / "views")
    verify(own_copy)


def test_the_command_exits_1_and_names_the_file(own_copy: Path) -> None:
    for kind in ("log", "sealed/keys"):
        path = files(own_copy, kind)[-1]
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
        done = subprocess.run(
            [sys.executable, "-m", "truceline", "log", "verify", str(own_copy)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert path.name in done.stderr or "entry" in done.stderr
        path.write_bytes(raw)


def test_the_demonstration_tries_four_things_and_touches_nothing(own_copy: Path) -> None:
    from truceline.mission.tampering import tamper

    before = {path: path.read_bytes() for path in own_copy.rglob("*") if path.is_file()}
    made = tamper(own_copy)
    assert [one["refused"].partition(" ")[0] for one in made["tries"]] == [
        "LOG-013", "LOG-012", "EVI-002", "LOG-041",
    ]  # fmt: skip
    assert "entry" in made["refused"]
    assert {path: path.read_bytes() for path in own_copy.rglob("*") if path.is_file()} == before


def test_the_demonstration_says_so_when_a_copy_passes(
    own_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from truceline.mission import tampering

    monkeypatch.setattr(tampering, "verify", lambda folder: None)
    with pytest.raises(CheckFailed, match="MIS-030"):
        tampering.tamper(own_copy)
