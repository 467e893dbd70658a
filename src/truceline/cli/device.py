"""`truceline device`: the phones of observers in the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit, table
from truceline.errors import EvidenceError
from truceline.field import envelopes
from truceline.mission import device_list, devices, receiving
from truceline.mission.clock import iso
from truceline.mission.mission import Mission

app = typer.Typer(help="Phones of observers in the field: add, list, revoke.", no_args_is_help=True)


@app.command()
def add(
    folder: Folder,
    observer: Annotated[str, typer.Option(help="Whose it is: the team or the post as it stands in records; never a person.")],
    kind: Annotated[str, typer.Option(help="patrol or post.")] = "patrol",
    post: Annotated[str, typer.Option(metavar="ID", help="The declared post, where it has one.")] = "",
    facing_deg: Annotated[int, typer.Option(help="Bearing of 12 o'clock on the dial.")] = 0,
    radius_m: Annotated[int, typer.Option(help="How far it watches, in metres.")] = 3000,
    checkin_min: Annotated[int, typer.Option(help="Minutes within which it must check in; 0: never.")] = 0,
    server: Annotated[str, typer.Option(metavar="URL", help="Where the phone reaches the mission server.")] = "http://127.0.0.1:8080",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Make a link for one phone. Whoever opens it first has the device: hand it over in person, once."""
    mission = Mission.open(folder, keys)
    device, token = devices.add(
        mission, observer, kind, post=post, facing_deg=facing_deg, radius_m=radius_m, checkin_min=checkin_min
    )
    mark = devices.fingerprint(mission.keys.field_key().public_key())
    link = f"{server.rstrip('/')}/field#{token}.{mark}"
    openrosa = f"{server.rstrip('/')}/openrosa/{token}/formList"
    emit(
        {"device": device.name, "link": link, "token": token, "openrosa": openrosa}, as_json,
        f"{device.name} pairs at:\n{link}\nNobody can show this link again. For ODK Collect: {openrosa.removesuffix('/formList')}",
    )  # fmt: skip


@app.command()
def revoke(
    folder: Folder,
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="As `device list` names it.", show_default=False)],
    lost: Annotated[str, typer.Option(metavar="TIME", help="Since when it may be in other hands, e.g. 2026-11-24T14:05:00+04:00; now unless given.")] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """End a device. What it signed before it was lost is still taken when it arrives; then it wipes itself."""
    gone = devices.revoke(Mission.open(folder, keys), name, lost=lost)
    emit({"device": gone.name, "revoked": gone.revoked, "lost": gone.lost}, as_json, f"{gone.name} is revoked, lost since {gone.lost}.")  # fmt: skip


@app.command("list")
def list_(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Every device: state, records taken, last heard, check-in overdue, signs of force. Exit 1 where one is overdue."""
    mission = Mission.open(folder, keys)
    rows = _rows(mission)
    shown = [
        (row["device"], row["state"], str(row["taken"]), row["heard"], "OVERDUE" if row["overdue"] else "", row["duress_at"])
        for row in rows
    ]  # fmt: skip
    emit(
        {"devices": rows}, as_json,
        table(shown, ("device", "state", "records", "last heard", "check-in", "under force")) if shown else f"No device yet: `{PROGRAM} device add`.",
    )  # fmt: skip
    if any(row["overdue"] for row in rows):
        raise typer.Exit(1)


@app.command()
def kept(
    folder: Folder,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="What somebody had begun to enter, instead.")
    ] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """What devices sent that could not go on the log, and why; opened as far as it can be."""
    mission = Mission.open(folder, keys)
    found = [
        {"device": device} | (told if drafts else _opened(mission, device, told))
        for device, told in receiving.held(mission, "drafts" if drafts else "kept")
    ]
    emit({"kept": found}, as_json, "\n".join(json.dumps(one, ensure_ascii=False) for one in found) or "Nothing is kept.")  # fmt: skip


@app.command()
def media(
    folder: Folder,
    digest: Annotated[
        str, typer.Argument(metavar="DIGEST", help="SHA-256, as a record names it.", show_default=False)
    ],
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="Where the original bytes go.", show_default=False)
    ],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Open the original bytes of a photo or a voice note that a device sent."""
    raw = receiving.media(Mission.open(folder, keys), digest)
    to.write_bytes(raw)
    emit({"file": str(to), "bytes": len(raw)}, as_json, f"{to}: {len(raw):,} bytes, as they came.")


def _rows(mission: Mission) -> list[dict[str, Any]]:
    rows = []
    for one in device_list.all_devices(mission):
        told = receiving.last(mission, one)
        rows.append(
            {
                "device": one.name, "observer": one.observer, "state": one.state, "taken": receiving.taken(mission, one),
                "heard": iso(told["heard_ms"]) if "heard_ms" in told else "",
                "overdue": receiving.is_overdue(one, told, mission.clock_ms()), "duress_at": told.get("duress_at", ""),
                "lost": one.lost,
            }
        )  # fmt: skip
    return rows


def _opened(mission: Mission, device: str, told: dict[str, Any]) -> dict[str, Any]:
    raw = bytes.fromhex(told.pop("raw"))
    try:
        opened = envelopes.open_envelope(mission.keys.field_key(), device, told["id"], raw)
        return told | {"head": opened.head, "said": opened.payload.decode(errors="replace")}
    except EvidenceError:
        return told | {"said": raw.decode(errors="replace")}
