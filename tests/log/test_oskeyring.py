"""Folders of keys that the keyring of the operating system opens: a keyring in memory, and those that keep nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.errors import EnvironmentFailure, UsageError
from truceline.log import keystore
from truceline.log.keystore import KeyStore

keyring = pytest.importorskip("keyring", reason="needs the extra keyring: pip install 'truceline[keyring]'")
backend = pytest.importorskip("keyring.backend")
SECRET = b"PRIVATE+KEY+of+north\n"


class Memory(backend.KeyringBackend):  # type: ignore[misc,name-defined]
    """A keyring of this process."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    made = Memory()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def store(tmp_path: Path, memory: Memory) -> KeyStore:
    made = KeyStore(tmp_path / "keys")
    made.create()
    made.write("north.key", SECRET)
    made.protect(None, by_keyring=True)
    keystore._opened.clear()  # as in another process
    return made


def test_the_keyring_opens_the_folder_and_a_copy_of_the_folder_opens_nothing(
    store: KeyStore, memory: Memory
) -> None:
    assert store.protection == "keyring"
    assert store.read("north.key") == SECRET
    (kept,) = memory.held.values()
    for path in store.folder.iterdir():
        assert kept.encode() not in path.read_bytes()
        assert SECRET not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    store.write("south.key", b"x")
    keystore._opened.clear()
    assert store.read("south.key") == b"x"
    keyring.set_keyring(Memory())  # another account, or another machine
    keystore._opened.clear()
    with pytest.raises(UsageError, match="LOG-151"):
        store.read("north.key")


def test_a_folder_goes_from_the_keyring_to_a_passphrase_and_back(
    store: KeyStore, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.protect("correct horse")
    assert (store.protection, memory.held) == ("passphrase", {})
    keystore._opened.clear()
    monkeypatch.setenv("TRUCELINE_PASSPHRASE", "correct horse")
    assert store.read("north.key") == SECRET
    store.protect(None, by_keyring=True)
    store.protect(None, by_keyring=True)
    assert len(memory.held) == 1  # a name that is used no more is removed
    keystore._opened.clear()
    assert store.read("north.key") == SECRET


@pytest.mark.parametrize("name", ["null", "fail"])
def test_a_keyring_that_keeps_nothing_is_refused_and_the_folder_stays_as_it_was(
    tmp_path: Path, memory: Memory, name: str
) -> None:
    store = KeyStore(tmp_path / "keys")
    store.write("north.key", SECRET)
    ring = (store.folder / "ring").read_bytes()
    module = pytest.importorskip(f"keyring.backends.{name}")
    keyring.set_keyring(module.Keyring())
    with pytest.raises(UsageError, match="LOG-151"):
        store.protect(None, by_keyring=True)
    assert (store.folder / "ring").read_bytes() == ring
    keystore._opened.clear()
    assert store.read("north.key") == SECRET


def test_a_ring_that_is_not_whole_is_said(store: KeyStore) -> None:
    path = store.folder / "ring"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UsageError, match="LOG-151"):
        store.read("north.key")


def test_without_the_extra_the_install_command_is_named(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(EnvironmentFailure, match="LOG-153"):
        store.read("north.key")


def test_by_command(tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return main()

    assert run("init", tmp_path / "m", "--party", "north", "--party", "south") == 0
    assert run("key", "protect", tmp_path / "m", "--os-keyring") == 0
    assert run("key", "list", tmp_path / "m") == 0
    said = capsys.readouterr().out
    assert "keyring of the operating system holds" in said
    assert not any(one in said for one in memory.held.values())
    keystore._opened.clear()
    assert run("key", "rotate", tmp_path / "m", "north") == 0
    assert run("key", "protect", tmp_path / "m", "--os-keyring", "--account") == 2
