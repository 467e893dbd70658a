"""Open a file: find its format, settle its settings, refuse what cannot be read at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from truceline.errors import IntakeError
from truceline.intake import mapping as mappings
from truceline.intake.catalogue import container_of, detect, known_format
from truceline.intake.chunks import Format
from truceline.intake.containers import columnar, delimited, elements, sheets
from truceline.intake.gazetteer import Gazetteer
from truceline.intake.reader import Reader
from truceline.intake.values import zone_of

_ROLES: Final = ("place", "post")
_SHAPE_SETTINGS: Final = {"csv": {"encoding": "auto", "delimiter": "auto"}, "xlsx": {"sheet": ""}}


def open_file(
    path: Path | str,
    *,
    format: str | None = None,
    mapping: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Reader:
    """Open a file for reading as observations.

    Args:
        format: id of `FORMATS`; None finds it.
        mapping: a mapping file, or the name of one that ships; it takes the place of `format`.
        settings: what the format may be told, e.g. {"zone": "Asia/Baku"}; see docs/reference/formats.md.
    Raises:
        IntakeError: INT-001 to INT-017 where the file cannot be read at all; a bad row never raises.
    """
    path = Path(path)
    shape = container_of(path)
    if mapping is not None and format is not None:
        raise IntakeError(
            "INT-010",
            "give a format or a mapping, not both",
            where="settings",
            value=format,
            remedy="Leave one of the two out.",
        )
    fmt = known_format(format or detect(path)) if mapping is None else mappings.load(mapping)
    digest = "" if mapping is None else mappings.digest(mapping)
    resolved = _settle(fmt, shape, dict(settings or {}))
    container = _container(path, fmt, shape, resolved)
    if mapping is None:
        _columns(path, fmt, container)
    else:
        _mapped_columns(path, fmt, container, str(mapping))
    shown = {name: _shown(value) for name, value in resolved.items()}
    return Reader(path, fmt.id, fmt.version, digest, fmt.public, shown, (fmt, container, resolved))


_Opened = delimited.Delimited | sheets.Sheet | columnar.Columnar | elements.Elements


def _settle(fmt: Format, shape: str, given: dict[str, Any]) -> dict[str, Any]:
    offered = {**_SHAPE_SETTINGS.get(shape, {}), **fmt.settings}
    for name in given:
        if name not in offered:
            raise IntakeError(
                "INT-010", f"format {fmt.id} has no such setting", where="settings", value=name,
                remedy=f"It has: {', '.join(sorted(offered)) or 'none'}.",
            )  # fmt: skip
    resolved: dict[str, Any] = {}
    for name, default in offered.items():
        value = given.get(name, default)
        if value is None:
            raise IntakeError(
                "INT-009", f"format {fmt.id} must be told its {name}", where="settings",
                remedy=f"Pass {name}, e.g. {name}=...; see docs/reference/formats.md.",
            )  # fmt: skip
        resolved[name] = _value(name, value)
    if "zone" in resolved:
        zone_of(resolved["zone"], "settings, zone")
    return resolved


def _value(name: str, value: Any) -> Any:
    if name == "geometry":
        return Gazetteer.of(value, _ROLES, "settings, geometry")
    if name == "parties":
        return _pairs(value)
    return str(value)


def _pairs(value: Any) -> dict[str, str]:
    """Names of the file to ids of the mission: a dict, or text like "AM=armenia,AZ=azerbaijan"."""
    if isinstance(value, Mapping):
        return {str(key): str(word) for key, word in sorted(value.items())}
    pairs = [pair.partition("=") for pair in str(value).split(",") if pair.strip()]
    if not all(key.strip() and mark and word.strip() for key, mark, word in pairs):
        raise IntakeError(
            "INT-010", "parties must be pairs of a name and an id", where="settings, parties", value=str(value),
            remedy="E.g. parties=AM=armenia,AZ=azerbaijan.",
        )  # fmt: skip
    return {key.strip(): word.strip() for key, _mark, word in sorted(pairs)}


def _shown(value: Any) -> str:
    """A setting as it stands on the log; places by their digest."""
    if isinstance(value, dict):
        return ",".join(f"{key}={word}" for key, word in value.items())
    return value.digest if isinstance(value, Gazetteer) else str(value)


def _container(path: Path, fmt: Format, shape: str, settings: dict[str, Any]) -> _Opened:
    if shape == "json" and ("json" in fmt.container or "geojson" in fmt.container):
        return _elements(path, fmt)
    if shape not in fmt.container:
        raise IntakeError(
            "INT-003", f"a file of format {fmt.id} must be {' or '.join(fmt.container)}", where=path.name, value=shape,
            remedy="Name another format, or leave it out.",
        )  # fmt: skip
    found: delimited.Delimited | sheets.Sheet | columnar.Columnar
    if shape == "csv":
        found = delimited.look(path, settings["encoding"], settings["delimiter"])
        settings["encoding"], settings["delimiter"] = found.encoding, found.delimiter
    elif shape == "xlsx":
        found = sheets.look(path, settings["sheet"])
        settings["sheet"] = found.sheet
    else:
        found = columnar.look(path)
    return found


def _elements(path: Path, fmt: Format) -> elements.Elements:
    collection, _first = elements.first_element(path)
    if collection != ("geojson" in fmt.container):
        wanted = "a GeoJSON FeatureCollection" if "geojson" in fmt.container else "JSON records"
        raise IntakeError(
            "INT-003",
            f"a file of format {fmt.id} must be {wanted}",
            where=path.name,
            remedy="Give the file in that form, or name another format.",
        )
    return elements.Elements(path, elements.feature if collection else elements.as_is)


def _columns(path: Path, fmt: Format, container: _Opened) -> None:
    if isinstance(container, elements.Elements):
        return
    names = frozenset(container.names)
    lacking = sorted(fmt.needs - names)
    if lacking:
        raise IntakeError(
            "INT-007", f"a file of format {fmt.id} must have the columns {', '.join(lacking)}"[:300], where=path.name,
            value=", ".join(sorted(names)), remedy="Check the header, or use a mapping file.",
        )  # fmt: skip
    unknown = sorted(names - fmt.known) if fmt.known is not None else []
    if unknown:
        raise IntakeError(
            "INT-008", "a column must be one of Truceline's own", where=f"{path.name}:1", value=", ".join(unknown),
            remedy="Correct or remove it; docs/reference/formats.md lists the columns.",
        )  # fmt: skip


def _mapped_columns(path: Path, fmt: Format, container: _Opened, mapping: str) -> None:
    names = frozenset() if isinstance(container, elements.Elements) else frozenset(container.names)
    lacking = sorted(fmt.needs - names)
    if lacking and names:
        raise IntakeError(
            "INT-013", f"the file must have the columns that the mapping names: {', '.join(lacking)}"[:300],
            where=f"{path.name} with {mapping}", value=", ".join(sorted(names)),
            remedy="Correct the mapping or the header.",
        )  # fmt: skip
