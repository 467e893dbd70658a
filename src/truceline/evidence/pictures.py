"""Photos as evidence: looked at without being trusted, copied without what they tell of their maker, found when they come again.

The original bytes are hashed and kept elsewhere; nothing here changes them. What a camera wrote about place and time can be
written by anybody, so it is shown and never used. Needs the extra `media` (Pillow, imagehash); both are imported here alone.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from truceline.errors import EnvironmentFailure, EvidenceError

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
MOST_PIXELS: Final = 100_000_000
"""A picture that says it has more is not unpacked: a small file can claim any size."""
SAME_BITS: Final = 8
"""Two pictures whose hashes differ in at most so many of 64 bits are shown as perhaps the same."""
_TEXT: Final = 200
_GPS: Final = 0x8825
_CAMERA: Final = 0x8769


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is. `claims` is what its file says of itself; anybody can write that."""

    format: str
    width: int
    height: int
    claims: dict[str, str]
    perceptual: str  # pHash, 64 bits in hex


def look(raw: bytes) -> Picture:
    """Read a picture without trusting it.

    Raises:
        EvidenceError: EVI-070 no picture of a known format, or not whole; EVI-071 too many pixels.
        EnvironmentFailure: EVI-072, the extra is not installed.
    """
    image = _opened(raw)
    imagehash = _needs("imagehash")
    width, height = image.size
    return Picture(str(image.format), width, height, _claims(image), str(imagehash.phash(image.convert("L"))))


def clean_copy(raw: bytes, longest: int | None = None) -> bytes:
    """A JPEG of what is seen and nothing else: turned upright, without metadata, profile or thumbnail of its own.

    Args:
        longest: pixels of the longer side, for a thumbnail; as it is unless given.
    Raises:
        As `look`.
    """
    image = _opened(raw)
    ops = _needs("PIL.ImageOps")
    seen = ops.exif_transpose(image).convert("RGB")
    if longest is not None:
        seen.thumbnail((longest, longest))
    bare = _needs("PIL.Image").frombytes("RGB", seen.size, seen.tobytes())  # pixels alone are carried over
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=90)
    return out.getvalue()


def alike(hashes: Mapping[str, str], within: int = SAME_BITS) -> list[tuple[str, str, int]]:
    """Pairs of names whose pictures are perhaps the same, and in how many bits they differ; the nearest first."""
    held = sorted((name, int(one, 16)) for name, one in hashes.items())
    pairs = [
        (one, other, distance)
        for number, (one, a) in enumerate(held)
        for other, b in held[number + 1 :]
        if (distance := (a ^ b).bit_count()) <= within
    ]
    return sorted(pairs, key=lambda pair: (pair[2], pair[0], pair[1]))


def _opened(raw: bytes) -> Any:
    images = _needs("PIL.Image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limit warns before ours refuses
            image = images.open(io.BytesIO(raw), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise images.DecompressionBombError(f"{image.width} x {image.height}")
            image.load()
    except images.DecompressionBombError as problem:
        raise EvidenceError(
            "EVI-071", f"a picture may have at most {MOST_PIXELS:,} pixels", value=str(problem),
            remedy="It was not unpacked. Look at it on a machine of its own if it matters.",
        ) from problem  # fmt: skip
    except Exception as problem:
        raise EvidenceError(
            "EVI-070", "a picture must be whole, and of a known format", value=f"{type(problem).__name__}: {problem}",
            remedy=f"Known: {', '.join(FORMATS)}. The original is kept as it came.",
        ) from problem  # fmt: skip
    return image


def _claims(image: Any) -> dict[str, str]:
    """EXIF, with the blocks of camera and place, as short text without control characters."""
    tags = _needs("PIL.ExifTags")
    held = image.getexif()
    found: dict[str, Any] = {tags.TAGS.get(key, f"tag {key}"): value for key, value in held.items()}
    found |= {tags.TAGS.get(key, f"tag {key}"): value for key, value in held.get_ifd(_CAMERA).items()}
    found |= {f"GPS {tags.GPSTAGS.get(key, key)}": value for key, value in held.get_ifd(_GPS).items()}
    return {str(name): _plain(value) for name, value in sorted(found.items(), key=lambda one: str(one[0]))}


def _plain(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:_TEXT]


def _needs(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as problem:
        raise EnvironmentFailure(
            "EVI-072",
            "looking at pictures needs Pillow and imagehash",
            value=problem.name,
            remedy="Install them: pip install 'truceline[media]'.",
        ) from problem
