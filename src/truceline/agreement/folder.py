"""An agreement as a folder: reading it, packing it into canonical bytes and back, the library that ships."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from truceline.agreement.documents import MAX_BYTES, parse
from truceline.agreement.fields import Source
from truceline.agreement.models import (
    AgreementFile,
    AlignmentName,
    AnyArticle,
    Case,
    CaseFile,
    Condition,
    LineName,
)
from truceline.agreement.moments import bounds_of
from truceline.agreement.plan import Plan, read_plan
from truceline.agreement.references import check_references, moment_bounds
from truceline.agreement.upcasting import upcast
from truceline.agreement.validate import validated
from truceline.errors import AgreementError, TrucelineError
from truceline.geo import Line, Point, Polygon
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.parties import Alignment

FORMAT = "truceline-agreement-folder/1"
LIBRARY = Path(__file__).parent / "library"
_NAME = re.compile(
    r"agreement\.yaml|plan\.yaml|geometry/[A-Za-z0-9_\-]{1,64}\.geojson|cases/[A-Za-z0-9_\-]{1,64}\.yaml"
)
_ID = re.compile(r"[a-z0-9][a-z0-9\-]{0,63}")
MAX_FILES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """A line or zone and the time in which it holds, UTC ms, half-open."""

    from_ms: int
    until_ms: int
    drawn: Line | Polygon | Point


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """A validated agreement.

    Attributes:
        articles: in the order of the file; several entries may share a number (texts, amendments).
        lines, zones: drawn by the folder and used by `assess`, by id.
        points: drawn by the folder, for stand-off distances.
        dated: lines and zones that hold from one time until another, by id.
        case_lines: drawn for the cases only, by id; never used by `assess` for a mission.
        plan: of `plan.yaml`, where the folder has one.
        filled: what a packed agreement of an older version lacks and how it is read, in words.
        files: the folder as it was read, path -> text; what `pack` writes.
        places: where each article stands, "agreement.yaml:41", in the order of `articles`.
    """

    id: str
    version: str
    title: str
    exercise: bool
    note: str
    sources: tuple[Source, ...]
    alignments: tuple[Alignment, ...]
    line_names: tuple[LineName, ...]
    articles: tuple[AnyArticle, ...]
    geometry: dict[str, Any]
    lines: dict[str, Line]
    zones: dict[str, Polygon]
    case_lines: dict[str, Line]
    points: dict[str, Point]
    dated: dict[str, tuple[Dated, ...]]
    cases: tuple[Case, ...]
    declared: AgreementFile
    files: dict[str, str] = field(repr=False)
    places: tuple[str, ...] = field(repr=False)
    case_places: tuple[str, ...] = field(repr=False)
    plan: Plan | None = None
    filled: tuple[str, ...] = ()

    def article(self, key: str) -> AnyArticle:
        """The article of that key (`2`, `3/text-1`); the last one made when it was amended.

        Raises:
            AgreementError: AGR-016 no such article.
        """
        found = [article for article in self.articles if article.key == key]
        if not found:
            raise AgreementError(
                "AGR-016",
                "the article must exist",
                where=self.id,
                value=key,
                remedy=f"Known: {', '.join(dict.fromkeys(a.key for a in self.articles))}.",
            )
        return found[-1]


def library() -> tuple[str, ...]:
    """Ids of the agreements that ship with Truceline, sorted."""
    return tuple(sorted(path.parent.name for path in LIBRARY.glob("*/agreement.yaml")))


def load(folder: Path | str) -> Agreement:
    """Read and validate an agreement.

    Args:
        folder: a folder, or the id of one in `library()`.
    Raises:
        AgreementError: AGR-001 no such folder or library id; AGR-002, AGR-003 a file that does not belong or
            cannot be read; AGR-004 to AGR-024 what the files say.
        GeometryError: a line or zone that is none.
    """
    return _read(_collect(_find(folder)))


def pack(folder: Path | str) -> bytes:
    """The whole folder as canonical JSON, after validating it; equal folders give equal bytes.

    Raises:
        As `load`.
    """
    files = _collect(_find(folder))
    _read(files)
    return canonical({"format": FORMAT, "files": files})


def unpack(raw: bytes) -> Agreement:
    """The agreement in bytes made by `pack`, by this version or an older one (`upcasting`).

    Raises:
        AgreementError: AGR-014 not such bytes; otherwise as `load`.
    """
    try:
        value = parse_canonical(raw)
    except TrucelineError as problem:
        raise AgreementError(
            "AGR-014",
            "a packed agreement must be canonical JSON",
            value=str(problem),
            remedy="Pack it again.",
        ) from problem
    files = value.get("files") if isinstance(value, dict) else None
    if (
        not isinstance(files, dict)
        or set(value) != {"format", "files"}
        or value["format"] != FORMAT
        or not all(isinstance(text, str) for text in files.values())
    ):
        raise AgreementError(
            "AGR-014",
            f"a packed agreement must have the form {FORMAT}",
            value=raw[:40],
            remedy="Pack it again.",
        )
    return _read(files, packed=True)


def changed(agreement: Agreement, text: str) -> Agreement:
    """The same folder with another agreement.yaml.

    Raises:
        As `load`.
    """
    return _read({**agreement.files, "agreement.yaml": text})


def _find(folder: Path | str) -> Path:
    if isinstance(folder, str) and _ID.fullmatch(folder) and (LIBRARY / folder / "agreement.yaml").is_file():
        return LIBRARY / folder
    path = Path(folder)
    if not (path / "agreement.yaml").is_file():
        raise AgreementError(
            "AGR-001",
            "an agreement must be a folder with agreement.yaml, or the id of one in the library",
            value=str(folder),
            remedy=f"In the library: {', '.join(library())}.",
        )
    return path


def _collect(folder: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            raise AgreementError(
                "AGR-002",
                "the folder must hold plain files only",
                where=name,
                remedy="Remove it, or put a plain file in its place.",
            )
        _allowed(name)
        if path.stat().st_size > MAX_BYTES:
            raise AgreementError(
                "AGR-003",
                f"a file must not exceed {MAX_BYTES} bytes",
                where=name,
                remedy="Save it as UTF-8 text, smaller than that.",
            )
        try:
            files[name] = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise AgreementError(
                "AGR-003",
                "a file must be readable UTF-8",
                where=name,
                value=str(problem),
                remedy="Save it as UTF-8 text, smaller than that.",
            ) from problem
    return files


def _allowed(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AgreementError(
            "AGR-002",
            "the folder must hold agreement.yaml, plan.yaml, geometry/*.geojson and cases/*.yaml only",
            where=name,
            remedy="Move it elsewhere: everything here is part of the agreement and of its digest.",
        )


def _read(files: Mapping[str, str], *, packed: bool = False) -> Agreement:
    for name, text in files.items():
        _allowed(name)
        if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES or len(files) > MAX_FILES:
            raise AgreementError(
                "AGR-003",
                f"a file must not exceed {MAX_BYTES} bytes",
                where=name,
                remedy="Save it as UTF-8 text, smaller than that.",
            )
    if "agreement.yaml" not in files:
        raise AgreementError(
            "AGR-014",
            "a packed agreement must hold agreement.yaml",
            value=sorted(files),
            remedy="Pack it again, with agreement.yaml.",
        )
    document = parse("agreement.yaml", files["agreement.yaml"])
    filled: tuple[str, ...] = ()
    if packed:
        document, filled = upcast(document)
    declared = validated(AgreementFile, document)
    features = [
        feature
        for name in sorted(files)
        if name.startswith("geometry/")
        for feature in _features(name, files[name])
    ]
    drawn: dict[str, dict[str, Any]] = {role: {} for role in _DRAWN}
    dated: dict[str, list[Dated]] = {}
    for feature in features:
        properties = feature["properties"]
        made = _DRAWN[properties["role"]](feature)
        drawn[properties["role"]][properties["id"]] = made
        if properties["role"] != "case-line":
            dated.setdefault(properties["id"], []).append(Dated(*_validity(properties), made))
    for name, versions in dated.items():
        versions.sort(key=lambda one: one.from_ms)
        if any(one.until_ms > two.from_ms for one, two in itertools.pairwise(versions)):
            raise AgreementError(
                "AGR-024", "versions of one line or zone must not overlap in time", where=f"geometry {name}",
                remedy="Let `until` of one be `from` of the next; both are UTC, such as 2020-11-10T00:00Z.",
            )  # fmt: skip
    zones = drawn["zone"]
    cases: list[Case] = []
    case_places: list[str] = []
    for name in sorted(files):
        if name.startswith("cases/"):
            told, told_at = _case_file(name, files[name])
            cases += told
            case_places += told_at
    places = tuple(document.where(("articles", index)) for index in range(len(declared.articles)))
    agreement = Agreement(
        id=declared.id,
        version=declared.version,
        title=declared.title,
        exercise=declared.exercise,
        note=declared.note,
        sources=declared.sources,
        alignments=tuple(_alignment(item) for item in declared.alignments),
        line_names=declared.lines,
        articles=declared.articles,
        geometry={"type": "FeatureCollection", "features": features},
        lines=drawn["line"],
        zones=zones,
        case_lines=drawn["case-line"],
        points=drawn["point"],
        dated={
            name: tuple(versions)
            for name, versions in dated.items()
            if len(versions) > 1 or _limited(versions[0])
        },
        cases=tuple(cases),
        declared=declared,
        files=dict(files),
        places=places,
        case_places=tuple(case_places),
        plan=_plan(files["plan.yaml"], declared) if "plan.yaml" in files else None,
        filled=filled,
    )
    check_references(
        declared,
        places,
        agreement.lines,
        zones,
        agreement.case_lines,
        agreement.points,
        agreement.cases,
        agreement.case_places,
    )
    return agreement


@lru_cache(maxsize=64)
def _case_file(name: str, text: str) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Cases of a file and where they stand; remembered, because mutants of an agreement share them."""
    document = parse(name, text)
    cases = validated(CaseFile, document).cases
    return cases, tuple(document.where(("cases", index)) for index in range(len(cases)))


def _plan(text: str, declared: AgreementFile) -> Plan:
    holds = {one.number: one.holds for one in declared.articles if isinstance(one, Condition)}
    sides = {name for one in declared.alignments for name in (one.id, *one.members)}
    return read_plan(
        text, _signatories(declared), articles=holds, sides=sides | {one.id for one in declared.parties}
    )


def _signatories(declared: AgreementFile) -> tuple[str, ...]:
    """Whose consent counts: the signatories; of an agreement that names no parties, the members of its alignments."""
    named = [one.id for one in declared.parties if one.role == "signatory"]
    return tuple(named or [member for one in declared.alignments for member in one.members])


def _features(name: str, text: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise AgreementError(
            "AGR-009",
            "a geometry file must be JSON",
            where=name,
            value=str(problem),
            remedy="Correct the geometry; an example stands in docs/reference.",
        ) from problem
    features = value.get("features") if isinstance(value, dict) else None
    if not isinstance(features, list) or value.get("type") != "FeatureCollection":
        raise AgreementError(
            "AGR-009",
            "a geometry file must be a GeoJSON FeatureCollection",
            where=name,
            remedy="Correct the geometry; an example stands in docs/reference.",
        )
    for feature in features:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if (
            not isinstance(properties, dict)
            or properties.get("role") not in _DRAWN
            or not isinstance(properties.get("id"), str)
        ):
            raise AgreementError(
                "AGR-009",
                "a feature must have properties.id, and properties.role line, zone, point or case-line",
                where=name,
                value=properties,
                remedy="Correct the geometry; an example stands in docs/reference.",
            )
    return features


def _point(feature: dict[str, Any]) -> Point:
    return Point.from_geojson(feature)


def _polygon(feature: dict[str, Any]) -> Polygon:
    return Polygon(feature["properties"]["id"], feature.get("geometry") or {})


_DRAWN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "line": Line.from_geojson, "zone": _polygon, "point": _point, "case-line": Line.from_geojson,
}  # fmt: skip


def _validity(properties: dict[str, Any]) -> tuple[int, int]:
    found: list[int] = []
    for name, open_end in (("from", -(2**60)), ("until", 2**60)):
        value = properties.get(name)
        if value is None:
            found.append(open_end)
            continue
        if not isinstance(value, str) or not value.endswith("Z"):
            raise AgreementError(
                "AGR-024", f"`{name}` of a feature must be a time in UTC", where=f"geometry {properties['id']}", value=value,
                remedy="Write it as 2020-11-10T00:00Z.",
            )  # fmt: skip
        found.append(bounds_of(value[:-1], "Etc/UTC", f"geometry {properties['id']}").earliest_ms)
    return found[0], found[1]


def _limited(one: Dated) -> bool:
    return one.from_ms > -(2**60) or one.until_ms < 2**60


def _alignment(item: AlignmentName) -> Alignment:
    return Alignment(
        item.id,
        item.members,
        None if item.from_ is None else moment_bounds(item.from_).earliest_ms,
        None if item.until is None else moment_bounds(item.until).latest_ms,
    )
