"""Photos: what a file claims is shown and not carried over, hostile files are one error, the same picture is found again."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest

pytest.importorskip("imagehash", reason="the extra `media` is not installed: pip install 'truceline[media]'")

import numpy as np
from PIL import Image

from truceline.errors import EvidenceError
from truceline.evidence.pictures import SAME_BITS, alike, clean_copy, look


def scene(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Smooth random shapes, as a landscape is."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 10, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, *, quality: int = 92, exif: Any = None) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **({"exif": exif} if exif else {}))
    return out.getvalue()


def claiming() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "MAKER-OF-CAMERA"
    exif[0x0112] = 6  # lies on its side
    exif[0x013B] = "NAME-OF-OWNER\x00\x1b[31m"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (46.0, 1.0, 2.0)
    return jpeg(scene(1), exif=exif)


def test_what_a_file_claims_is_shown() -> None:
    seen = look(claiming())
    assert (seen.format, seen.width, seen.height) == ("JPEG", 640, 480)
    assert seen.claims["Make"] == "MAKER-OF-CAMERA"
    assert "46.0" in seen.claims["GPS GPSLatitude"]
    assert all(text.isprintable() for text in seen.claims.values())


@pytest.mark.parametrize("longest", [None, 100])
def test_a_copy_shows_the_same_upright_and_tells_nothing_of_its_maker(longest: int | None) -> None:
    raw = claiming()
    assert b"NAME-OF-OWNER" in raw
    copy = clean_copy(raw, longest)
    for secret in (b"NAME-OF-OWNER", b"MAKER", b"Exif", b"GPS"):
        assert secret not in copy
    seen = look(copy)
    assert seen.claims == {}
    assert (seen.width, seen.height) == ((480, 640) if longest is None else (75, 100))


def test_the_same_picture_is_found_again_and_others_are_not() -> None:
    first = scene(1)
    again = {
        "original": jpeg(first), "saved anew": jpeg(first, quality=40), "smaller": jpeg(first.resize((320, 240))),
        **{f"other {seed}": jpeg(scene(seed)) for seed in range(2, 22)},
    }  # fmt: skip
    pairs = alike({name: look(raw).perceptual for name, raw in again.items()})
    assert {name for a, b, _ in pairs for name in (a, b)} == {"original", "saved anew", "smaller"}
    assert len(pairs) == 3
    assert all(bits <= SAME_BITS for _, _, bits in pairs)


def bomb(side: int) -> bytes:
    """A PNG of some hundred bytes that says it has `side` squared pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "EVI-070"), (b"no picture", "EVI-070"), (jpeg(scene(1))[:-5000], "EVI-070"), (b"GIF89a" + bytes(50), "EVI-070"),
        (b"%!PS-Adobe\n" + bytes(50), "EVI-070"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_one_error(raw: bytes, code: str) -> None:
    for read in (look, clean_copy):
        with pytest.raises(EvidenceError, match=code):
            read(raw)


@pytest.mark.parametrize("side", [10_001, 50_000])
def test_a_decompression_bomb_is_not_unpacked(side: int) -> None:
    with pytest.raises(EvidenceError, match="EVI-071"):
        look(bomb(side))
