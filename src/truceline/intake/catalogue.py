"""The formats that intake knows, and how a file shows which one it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from truceline.errors import IntakeError
from truceline.intake.chunks import Format
from truceline.intake.containers import columnar, delimited, elements, sheets
from truceline.intake.formats import acled, claims, firms, ged, own, smm, viina

FORMATS: Final[dict[str, Format]] = {
    fmt.id: fmt
    for fmt in (
        own.CSV,
        own.GEOJSON,
        own.PARQUET,
        firms.FIRMS,
        ged.GED,
        viina.VIINA,
        acled.ACLED,
        claims.CLAIMS,
        smm.SMM,
    )
}
"""Every shipped format by its id. Mapping files add to these without code."""


def container_of(path: Path) -> str:
    """csv, json, parquet or xlsx, told from the first bytes.

    Raises:
        IntakeError: INT-001 no such file or a folder, INT-002 empty.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
    except OSError as problem:
        raise IntakeError(
            "INT-001", "the file must exist and be readable", where=str(path), value=problem.strerror,
            remedy="Check the path.",
        ) from problem  # fmt: skip
    if not start:
        raise IntakeError(
            "INT-002", "a file must hold at least a header", where=path.name, remedy="Fetch it again."
        )
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return "json" if bare[:1] in (b"{", b"[") else "csv"


def detect(path: Path) -> str:
    """The id of the format of a file, from its shape and the names of its columns.

    Raises:
        IntakeError: INT-006, none fits; INT-001 to INT-005, INT-014 to INT-017, the file cannot be read.
    """
    path = Path(path)
    names, shape = columns_of(path)
    fits = [fmt for fmt in FORMATS.values() if shape in fmt.container and fmt.needs <= names]
    fits = [fmt for fmt in fits if fmt.known is None or names <= fmt.known or len(names & fmt.known) >= 5]
    if not fits:
        raise IntakeError(
            "INT-006", "the columns must be those of a known format", where=path.name, value=", ".join(sorted(names)),
            remedy=f"Name the format ({', '.join(sorted(FORMATS))}) or write a mapping file.",
        )  # fmt: skip
    return max(fits, key=lambda fmt: (len(fmt.needs), fmt.id)).id


def columns_of(path: Path) -> tuple[frozenset[str], str]:
    """Column names of a file and its shape: csv, json, geojson, parquet or xlsx."""
    shape = container_of(path)
    if shape == "parquet":
        return frozenset(columnar.look(path).names), shape
    if shape == "xlsx":
        return frozenset(sheets.look(path).names), shape
    if shape == "json":
        collection, first = elements.first_element(path)
        if not collection:
            return frozenset(elements.as_is(first)), "json"
        try:
            return frozenset(elements.feature(first)) if first else own.KNOWN, "geojson"
        except ValueError:
            return own.KNOWN, "geojson"
    return frozenset(delimited.look(path).names), shape


def known_format(name: str) -> Format:
    """The format of an id. Raises IntakeError INT-011."""
    if name not in FORMATS:
        raise IntakeError(
            "INT-011", "the format must be known", value=name, remedy=f"Known: {', '.join(sorted(FORMATS))}."
        )
    return FORMATS[name]
