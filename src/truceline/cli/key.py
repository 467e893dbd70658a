"""`truceline key`: who may sign what, and where private keys lie."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, ask_new_passphrase, emit, table
from truceline.errors import UsageError
from truceline.log.entries import missing_signers
from truceline.log.files import write_durably
from truceline.mission import keys as acts
from truceline.mission.handing_in import hand_in
from truceline.mission.keyring import KeyRing, default_folder
from truceline.mission.mission import Mission

app = typer.Typer(
    help="Keys: enrol, list, rotate, revoke; protect and hand over private ones.", no_args_is_help=True
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Whose key: a party, an officer, a mediator, ...", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write the entry to a file for others to sign, and submit nothing.", show_default=False),
]  # fmt: skip
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands on the log.")]


@app.command()
def new(
    folder: Folder,
    name: Name,
    role: Annotated[str, typer.Option(help="What the key is for; the name itself unless given.")] = "",
    vkey: Annotated[str, typer.Option(metavar="LINE", help="Public key of somebody who keeps the private one, as `key list` shows it.")] = "",
    out: Out = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make a key for a name and enrol it. Takes the keys of operator and commission."""
    mission = Mission.open(folder, keys)
    _finish(mission, acts.enrol(mission, name, role, vkey), name, "enrolled", out, as_json)


@app.command()
def make(
    name: Name,
    to: Annotated[Path, typer.Option("--keys", metavar="FOLDER", help="Folder of private keys, made where there is none.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make a key on your own machine, and print its public line for the operator to enrol (`key new --vkey`)."""
    line = str(KeyRing(to).next_key(name).vkey)
    emit({"name": name, "vkey": line, "folder": str(to)}, as_json, line)


@app.command("list")
def list_(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Every key of the log: whose, valid from which entry to which, and whether its private half is here."""
    mission = Mission.open(folder, keys)
    found = acts.states(mission)
    rows = [
        (one.name, one.role, one.state, f"{one.since}", "" if one.until is None else f"{one.until}",
         one.vkey.split("+", 2)[1], "here" if one.held else "")
        for one in found
    ]  # fmt: skip
    protection = mission.keys.store.protection
    emit(
        {"keys": [asdict(one) for one in found], "folder": str(mission.keys.folder), "protection": protection}, as_json,
        table(rows, ("name", "role", "state", "from entry", "to", "id", "private half"))
        + f"\nPrivate keys in {mission.keys.folder}: {_PROTECTION[protection]}",
    )  # fmt: skip


@app.command()
def rotate(
    folder: Folder,
    name: Name,
    reason: Reason = "",
    out: Out = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Change a key: the old one signs the new one in, and nothing more after that."""
    mission = Mission.open(folder, keys)
    _finish(mission, acts.rotate(mission, name, reason), name, "rotated", out, as_json)


@app.command()
def revoke(
    folder: Folder,
    name: Name,
    reason: Reason = "",
    out: Out = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """End a key. Its holder may, else operator and commission together. What it signed before stands."""
    mission = Mission.open(folder, keys)
    _finish(mission, acts.revoke(mission, name, reason), name, "revoked", out, as_json)


@app.command()
def protect(
    folder: Folder,
    account: Annotated[bool, typer.Option("--account", help="Open with this account's key instead of a passphrase.")] = False,
    os_keyring: Annotated[bool, typer.Option("--os-keyring", help="Open with the keyring of the operating system. Needs the extra `keyring`.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put the folder of private keys under a passphrase: from TRUCELINE_NEW_PASSPHRASE, or asked twice."""
    if account and os_keyring:
        raise UsageError(
            "LOG-152", "a folder of keys must be opened by one thing", where="--account, --os-keyring", remedy="Give one of them."
        )  # fmt: skip
    ring = KeyRing(keys or default_folder(folder))
    if not ring.folder.is_dir():
        raise UsageError(
            "MIS-003", "the folder of keys must hold the key of whoever signs or opens this", where=str(ring.folder),
            remedy="Give the folder of keys with --keys.",
        )  # fmt: skip
    ring.store.protect(None if account or os_keyring else ask_new_passphrase(), by_keyring=os_keyring)
    protection = ring.store.protection
    emit(
        {"folder": str(ring.folder), "protection": protection},
        as_json,
        f"Private keys in {ring.folder}: {_PROTECTION[protection]}",
    )


@app.command()
def export(
    folder: Folder,
    name: Name,
    to: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="Empty folder for the keys.", show_default=False)
    ],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Copy what one role holds into a folder of keys with a passphrase of its own, to hand over (e.g. to the auditor)."""
    names = acts.export(KeyRing(keys or default_folder(folder)), name, to, ask_new_passphrase())
    emit(
        {"folder": str(to), "files": names},
        as_json,
        f"{', '.join(names)} in {to}. Tell the passphrase by another way.",
    )


_PROTECTION = {
    "passphrase": "encrypted under a passphrase.",
    "account": f"encrypted to this account's key; `{PROGRAM} key protect` sets a passphrase, so that a copy opens elsewhere.",
    "keyring": "encrypted; the keyring of the operating system holds their key.",
    "none": f"NOT encrypted, as an older version left them: `{PROGRAM} key protect` encrypts them.",
}


def _finish(mission: Mission, note: bytes, name: str, done: str, out: Path | None, as_json: bool) -> None:
    if out is not None:
        write_durably(out, note)
        missing = missing_signers(note)
        emit(
            {"file": str(out), "missing": missing}, as_json,
            f"{out}: " + (f"to be signed by {', '.join(missing)} (`{PROGRAM} log sign`)." if missing else f"whole; `{PROGRAM} log submit` hands it in."),
        )  # fmt: skip
        return
    index = hand_in(mission, note)
    if name in [*mission.keys.held(), *mission.keys.waiting()]:
        acts.settle(mission, name)
    emit({"name": name, "done": done, "entry": index}, as_json, f"{name} {done}: entry {index}.")
