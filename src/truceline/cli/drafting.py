"""`truceline agreement explain|draw|diff`: an agreement for people who draft it and people who hold it against the text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from truceline import agreement as agreements
from truceline.agreement.compare import diff as differences
from truceline.agreement.compare import in_words as differences_in_words
from truceline.agreement.picture import picture
from truceline.agreement.restate import LANGUAGES, restate
from truceline.agreement.restate import note as note_in
from truceline.cli.agreement import Which, found
from truceline.cli.common import AsJson, Keys, emit, note
from truceline.errors import UsageError
from truceline.mission import revising
from truceline.mission.mission import Mission
from truceline.report import zones

Language = Annotated[str, typer.Option(help=f"Of {', '.join(LANGUAGES)}.")]
DRAWN = (".svg", ".png", ".html")
SHOWN = 160


def explain(which: Which, language: Language = "en", as_json: AsJson = False) -> None:
    """Each article in plain words, generated from the encoded rule; it has no authority."""
    agreement = found(which)
    rows = _rows(agreement, language)
    lines = [f"{agreement.title} ({agreement.id}, version {agreement.version})", note_in(language), ""]
    for row in rows:
        lines += [
            f"{row['key']}  {row['title']}",
            f"    {row['words']}",
            f"    source: {row['source'] or 'none'}",
        ]
    emit(
        {"agreement": agreement.id, "version": agreement.version, "language": language, "note": note_in(language), "articles": rows},
        as_json, "\n".join(lines),
    )  # fmt: skip


def draw(
    which: Which,
    out: Annotated[list[Path], typer.Option(metavar="FILE", help="Where to: .svg, .png or .html; repeat.", show_default=False)],
    language: Language = "en", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Draw lines, zones and the bands that articles lay, for review; no border, and no tone of a side."""
    agreement = found(which)
    own = Mission.open(Path(which)).line if (Path(which) / "state" / "origin").is_file() else None
    drawn, absent = picture(agreement, {own.id: own} if own else {})
    svg = zones.draw_zones(drawn, title=agreement.title, exercise=agreement.exercise, absent=absent)
    _write(out, svg, agreement, language, ())
    emit(
        {"agreement": agreement.id, "drawn": [{"id": one.id, "kind": one.kind, "article": one.article, "title": one.title} for one in drawn],
         "not_drawn": list(absent), "files": [str(path) for path in out]},
        as_json, "\n".join([f"{len(drawn)} lines, zones, points and bands drawn.", *absent]),
    )  # fmt: skip


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The earlier version: a folder, a library id or a mission.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later one.", show_default=False)],
    mission: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Also say which past findings of this mission would change.", show_default=False)] = None,
    out: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Both on one map: .svg, .png or .html; repeat.", show_default=False)] = None,
    language: Language = "en", keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What changed between two versions: in articles, on the map, in plan and cases, and in past findings."""
    first, second = found(old), found(new)
    changes = differences(first, second)
    findings = revising.changed_findings(Mission.open(mission, keys), first, second) if mission else None
    if out:
        (now, absent), (before, _) = picture(second), picture(first)
        exercise = first.exercise or second.exercise
        title = f"{second.title}: version {first.version} and {second.version}"
        if first.title != second.title:
            title = f"{second.title}, and before it: {first.title}"
        svg = zones.draw_zones(now, title=title, exercise=exercise, absent=absent, old=before)
        told = [
            one | dict(zip(("before", "after"), differences_in_words(one), strict=True)) for one in changes
        ]
        _write(out, svg, second, language, told)
    result: dict[str, Any] = {"old": f"{first.id} {first.version}", "new": f"{second.id} {second.version}", "changes": changes}  # fmt: skip
    lines = [_line(one) for one in changes] or ["No difference."]
    if findings is not None:
        result |= {"findings": findings}
        lines.append(
            f"Past findings: {findings['compared']} compared, {len(findings['changed'])} would change."
        )
        lines += [f"  {one['incident']} article {one['article']}: {one['before']} -> {one['after']}" for one in findings["changed"][:50]]  # fmt: skip
    emit(result, as_json, "\n".join(lines))


def _rows(agreement: agreements.Agreement, language: str) -> list[dict[str, str]]:
    return [
        {
            "key": one.key,
            "title": one.title,
            "words": restate(one, language),
            "source": one.source.url if one.source else "",
        }
        for one in agreement.articles
    ]


def _write(out: list[Path], svg: str, agreement: agreements.Agreement, language: str, changes: Any) -> None:
    for path in out:
        suffix = path.suffix.lower()
        if suffix not in DRAWN:
            raise UsageError(
                "CLI-066", "a drawing must end in a known suffix", where="--out", value=path.name, remedy=f"Known: {', '.join(DRAWN)}."
            )  # fmt: skip
    for path in out:
        path.parent.mkdir(parents=True, exist_ok=True)
        suffix = path.suffix.lower()
        if suffix == ".svg":
            path.write_bytes(svg.encode())
        elif suffix == ".png":
            path.write_bytes(zones.zones_png(svg))
        else:
            page = zones.zones_page(
                svg, _rows(agreement, language), title=agreement.title, exercise=agreement.exercise, note=note_in(language), changes=changes
            )  # fmt: skip
            path.write_bytes(page.encode())
        note(f"Wrote {path}")


def _line(one: dict[str, Any]) -> str:
    what = f", {one['what']}" if one["what"] else ""
    before, after = (
        text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..." for text in differences_in_words(one)
    )
    return f"{one['part']} {one['where']}{what}: {before} -> {after}"
