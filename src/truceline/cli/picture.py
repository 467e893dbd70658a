"""`truceline device picture` and `same`: photos that devices sent, looked at without being trusted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note
from truceline.log.files import write_durably
from truceline.mission import photos
from truceline.mission.mission import Mission


def picture(
    folder: Folder,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="SHA-256, as a record names it.", show_default=False)],
    copy: Annotated[Path | None, typer.Option("--copy", metavar="FILE", help="Write a copy without metadata, to show to others.", show_default=False)] = None,
    longest: Annotated[int | None, typer.Option("--longest", min=16, metavar="PIXELS", help="Make the copy that small.", show_default=False)] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What a photo is, and what its file claims about itself, which anybody can write."""
    mission = Mission.open(folder, keys)
    seen = photos.look_at(mission, digest)
    lines = [f"{seen.format}, {seen.width} x {seen.height}, perceptual hash {seen.perceptual}"]
    lines += ["Its file claims, and nothing vouches for it:", *(f"  {name}: {value}" for name, value in seen.claims.items())] if seen.claims else ["Its file claims nothing."]  # fmt: skip
    if copy is not None:
        write_durably(copy, photos.copy_of(mission, digest, longest))
        lines.append(f"Copy without metadata: {copy}")
    emit(asdict(seen) | {"digest": digest, "copy": str(copy or "")}, as_json, "\n".join(lines))


def same(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Photos that are perhaps the same picture again, scaled or saved anew. For a person to judge."""
    found = photos.same_again(Mission.open(folder, keys))
    for digest, problem in found.unread.items():
        note(f"{digest}: {problem}")
    emit(
        {"pairs": [{"one": a, "other": b, "bits": bits} for a, b, bits in found.pairs], "looked_at": found.looked_at, "unread": found.unread}, as_json,
        "\n".join(f"{a}  {b}  {bits} of 64 bits apart" for a, b, bits in found.pairs) or f"{found.looked_at} photos, no two alike.",
    )  # fmt: skip
