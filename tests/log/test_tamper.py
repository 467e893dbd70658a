"""Whatever is done to a byte, a file or a pair of files under the log, `verify` refuses it."""

import itertools
import random
import shutil
from pathlib import Path

import pytest

from truceline.errors import LogError
from truceline.log.authors import Author
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.verifying import verify

LOG_KEY, OFFICER = SigningKey("truceline.test/one", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
AT = "2031-03-03T00:00:00Z"


def build(folder: Path, size: int) -> Path:
    log = Log.create(folder, LOG_KEY)
    log.append([Author(LOG_KEY, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    author = Author(OFFICER, log)
    log.append([author.note("decision", {"n": n}, AT) for n in range(size - 1)])
    return folder


def files(folder: Path) -> list[Path]:
    """What is vouched for; `views/` is not."""
    return sorted(path for name in ("log", "state") for path in (folder / name).rglob("*") if path.is_file())


def is_earlier(path: Path) -> bool:
    """Whether it is a partial tile of a smaller checkpoint, which may go when a full one is there."""
    widths = [int(one.name) for one in path.parent.iterdir()] if path.parent.suffix == ".p" else []
    return bool(widths) and int(path.name) < max(widths)


def refused(folder: Path) -> str:
    with pytest.raises(LogError) as caught:
        verify(folder)
    return caught.value.code


def test_every_single_byte_of_a_small_log(tmp_path: Path) -> None:
    """Each byte of each file under log/ and state/, with one random bit of it flipped."""
    folder, choice = build(tmp_path, 3), random.Random(1)
    assert [path.relative_to(folder).as_posix() for path in files(folder)] == [
        "log/checkpoint", "log/tile/0/000.p/1", "log/tile/0/000.p/3", "log/tile/entries/000.p/1",
        "log/tile/entries/000.p/3", "state/commit", "state/origin",
    ]  # fmt: skip
    for path in files(folder):
        raw = path.read_bytes()
        for at in range(len(raw)):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << choice.randrange(8)]) + raw[at + 1 :])
            refused(folder)
        path.write_bytes(raw)
    verify(folder)


def test_several_bits_of_every_byte_that_pins_the_log(tmp_path: Path) -> None:
    folder = build(tmp_path, 2)
    for name in ("origin", "commit"):
        path = folder / "state" / name
        raw = path.read_bytes()
        for at, bit in itertools.product(range(len(raw)), (0, 5, 7)):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :])
            refused(folder)
        path.write_bytes(raw)
    verify(folder)


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with full and partial tiles on two levels."""
    return build(tmp_path_factory.mktemp("tall") / "log", 260)


def test_every_file_of_a_tall_log_cut_emptied_lengthened_or_removed(tall: Path) -> None:
    for path in files(tall):
        raw = path.read_bytes()
        for other in (raw[:-1], raw[1:], raw[: len(raw) // 2], b"", raw + b"\0", raw + raw):
            path.write_bytes(other)
            refused(tall)
        last = is_earlier(path)
        path.unlink()
        if not last:
            refused(tall)
        path.write_bytes(raw)
    verify(tall)


def test_any_two_files_swapped(tall: Path) -> None:
    for one, two in itertools.combinations(files(tall), 2):
        first, second = one.read_bytes(), two.read_bytes()
        if first == second:  # the checkpoint is published as it was committed
            assert {one.name, two.name} == {"checkpoint", "commit"}
            continue
        one.write_bytes(second)
        two.write_bytes(first)
        refused(tall)
        one.write_bytes(first)
        two.write_bytes(second)
    verify(tall)


def test_anything_added(tall: Path) -> None:
    folders = [
        path for name in ("log", "state") for path in sorted((tall / name).rglob("*")) if path.is_dir()
    ]
    for folder, kind in itertools.product(folders, ("file", "hidden", "folder", "link", "tile")):
        path = folder / {"hidden": ".hidden", "tile": "255"}.get(kind, "extra")
        if kind == "folder":
            path.mkdir()
        elif kind == "link":
            path.symlink_to(tall / "log" / "checkpoint")
        else:
            path.write_bytes(b"x")
        assert refused(tall) == "LOG-038"
        path.rmdir() if kind == "folder" else path.unlink()
    verify(tall)


def test_a_link_to_the_same_bytes_is_not_the_file(tall: Path, tmp_path: Path) -> None:
    path = tall / "log" / "checkpoint"
    raw = path.read_bytes()
    (tmp_path / "elsewhere").write_bytes(raw)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert refused(tall) == "LOG-038"
    path.unlink()
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\0" * 8, b"\0" * 40, b"\xff" * 48, (260).to_bytes(8, "big") + b"\0\x09not a note"],
)
def test_a_forged_staging_file_is_refused_and_changes_nothing(tall: Path, content: bytes) -> None:
    before = {path: path.read_bytes() for path in files(tall)}
    staging = tall / "state" / "staging"
    staging.write_bytes(content)
    assert refused(tall) == "LOG-042"
    with pytest.raises(LogError, match="LOG-042"):
        Log.open(tall)
    staging.unlink()
    assert {path: path.read_bytes() for path in files(tall)} == before


def test_well_formed_staging_that_the_log_never_acknowledged(tall: Path, tmp_path: Path) -> None:
    from truceline.log.staging import stage

    folder = tmp_path / "copy"
    shutil.copytree(tall, folder)
    before = {path: path.read_bytes() for path in files(folder)}
    notes = Log.open(folder).notes
    staging = folder / "state" / "staging"
    for first, staged in ((259, [notes[0]]), (258, notes[259:]), (261, [notes[0]]), (0, notes[:10])):
        stage(staging, first, staged)
        assert refused(folder) == "LOG-042"
    stage(staging, 260, [notes[5]])  # the program ended before the commit point moved
    verify(folder)
    assert {path: path.read_bytes() for path in files(folder)} == before


def test_an_older_state_put_back_is_refused(tmp_path: Path) -> None:
    folder = build(tmp_path / "log", 5)
    old = (folder / "state" / "commit").read_bytes()
    log = Log.open(folder, LOG_KEY)
    log.append([Author(OFFICER, log).note("decision", {"n": 9}, AT)])
    newer = (folder / "state" / "commit").read_bytes()
    (folder / "state" / "commit").write_bytes(old)
    assert refused(folder) == "LOG-038"
    with pytest.raises(LogError, match="LOG-043"), log.writing():
        pass
    (folder / "state" / "commit").write_bytes(newer)
    verify(folder)


def test_a_log_of_another_origin_with_all_the_same_files(tmp_path: Path) -> None:
    one, two = build(tmp_path / "one", 3), tmp_path / "two"
    other = SigningKey("truceline.test/two", b"\x03" * 32)
    log = Log.create(two, other)
    log.append([Author(other, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    for name in ("log/checkpoint", "state/commit", "state/origin"):
        shutil.copy(two / name, tmp_path / "kept")
        shutil.copy(one / name, two / name)
        refused(two)
        shutil.copy(tmp_path / "kept", two / name)
    verify(two)


def test_the_log_must_extend_a_checkpoint_that_was_held(tmp_path: Path) -> None:
    log = Log.open(build(tmp_path / "one", 3), LOG_KEY)
    held = log.checkpoint
    log.append([Author(OFFICER, log).note("decision", {"n": 9}, AT)])
    verify(tmp_path / "one", held)
    verify(tmp_path / "one", log.checkpoint)
    other = Log.open(build(tmp_path / "two", 2), LOG_KEY)
    other.append([Author(OFFICER, other).note("decision", {"n": "otherwise"}, AT) for _ in range(1)])
    other.append([Author(OFFICER, other).note("decision", {"n": 10}, AT)])
    for shown in (held, log.checkpoint):  # the same key signed two histories
        with pytest.raises(LogError, match="LOG-044"):
            verify(tmp_path / "two", shown)
    with pytest.raises(LogError, match="LOG-044"):
        verify(build(tmp_path / "short", 2), held)
    for forged in (
        b"",
        b"junk",
        held[:-1],
        held.replace(b"\n3\n", b"\n03\n"),
        LOG_KEY.sign(b"truceline.test/one\n3\n\n"),
    ):
        with pytest.raises(LogError, match=r"LOG-01[123]|LOG-031"):
            verify(tmp_path / "one", forged)


def test_a_log_without_its_commit_point_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    folder = build(tmp_path / "log", 2)
    for damage in ("unlink", "empty"):
        path = folder / "state" / "commit"
        raw = path.read_bytes()
        path.unlink() if damage == "unlink" else path.write_bytes(b"")
        refused(folder)
        with pytest.raises(LogError):
            Log.open(folder, LOG_KEY)
        path.write_bytes(raw)
    verify(folder)


def test_folders_that_were_removed_are_named(tmp_path: Path) -> None:
    folder = build(tmp_path / "mission", 2)
    for names in (("log",), ("state",), ("log", "state/commit")):
        for name in names:
            (folder / name).rename(tmp_path / name.replace("/", "-"))
        assert refused(folder) in ("LOG-031", "LOG-036", "LOG-037")
        with pytest.raises(LogError):
            Log.open(folder)
        for name in names:
            (tmp_path / name.replace("/", "-")).rename(folder / name)
    verify(folder)
