"""Reasons and needs in words; nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.agreement.clauses import Clause
from truceline.agreement.fields import Moment, Reading, Where
from truceline.agreement.models import AnyArticle, Step

_SETTLES = {
    "place": "a place with a smaller error, such as a second bearing or imagery",
    "time": "a narrower time of the incident",
    "act": "what act it was",
    "weapon": "the class and calibre of the weapon",
    "side": "evidence of the side",
}
_OPEN = {
    "place": "whether the place falls under the article",
    "time": "whether it happened while the article was in force",
    "act": "whether the act is one that the article names",
    "weapon": "whether the weapon falls under the article",
    "side": "whether a side bound by the article did it",
}
_FAILS = {
    "place": "the place does not fall under the article",
    "time": "most of its time lies outside the time in force",
    "act": "the act is not one that the article names",
    "weapon": "the weapon does not fall under the article",
    "side": "no side bound by the article did it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One incident and article, as far as words need it; factors are (lower, upper) bounds."""

    article: AnyArticle
    clause: Clause
    verdict: str
    factors: dict[str, tuple[float, float]]
    act: str
    weapon: str
    calibre_um: int | None
    side: str
    existence: float
    edge_m: float | None
    edge_sd_m: float | None
    excepted: bool
    by_side: bool
    needs_line: str
    early: bool
    vouched: bool = True
    place: str | None = None


def reason_of(row: Row) -> str:
    """Why this verdict, one or two sentences."""
    if row.verdict == "out_of_scope":
        return _out_of_scope(row)
    if row.clause.missing:
        return f"Never agreed: {'; '.join(row.clause.missing)}. The article cannot be applied."
    subject = f"{_act(row)}{_weapon(row)}"
    place = _place(row)
    if row.verdict == "breach":
        return f"{subject}{place}: all conditions of '{row.clause.name}' hold.{_exception(row)}"
    if row.verdict == "no_breach":
        weakest = min(row.factors, key=lambda name: row.factors[name][1])
        excepted = row.excepted and weakest == "place"
        return f"{subject}{place}: {'an exception of the article applies' if excepted else _FAILS[weakest]}."
    doubts = _open(row)
    said = "; ".join(_what(row, name) + _share(row, name) for name in doubts)
    if not said or _low(row) * row.existence < 0.8 <= _low(row):
        exists = f"that it happened has probability {row.existence:.2f}"
        said = f"{said}; {exists}" if said else exists
    if not row.vouched and _low(row) * row.existence >= 0.8:
        said = "only parties say so, or others retell it, and that alone makes no breach"
    return f"{subject}{place}: not settled: {said}.{_exception(row)}"


def needs_of(row: Row) -> str:
    """What evidence would settle it; empty where nothing is open."""
    if row.verdict in ("out_of_scope", "no_breach"):
        return ""
    if row.clause.missing:
        return f"An agreement of the parties on: {'; '.join(row.clause.missing)}."
    wanted: list[str] = []
    if row.verdict == "undetermined":
        for name in _open(row):
            if name == "place" and row.needs_line:
                wanted.append(f"the geometry of {row.needs_line}")
            elif name == "place" and row.by_side:
                wanted.append(_SETTLES["side"])
            elif name == "place" and row.excepted:
                wanted.append("confirmation that the exception applies, from a source of the mission")
            elif name == "time" and row.clause.when:
                wanted.append(f"verification of the condition in article {', '.join(row.clause.when)}")
            elif name == "time" and row.clause.start is None:
                wanted.append("the time of entry into force")
            else:
                wanted.append(_SETTLES[name])
        if row.existence < 0.8 or not row.vouched:
            wanted.append("an independent source that it happened")
    if row.side == "undetermined" and _SETTLES["side"] not in wanted:
        wanted.append("evidence of the side, to say whom it is about")
    return f"{'; '.join(wanted)[:1].upper()}{'; '.join(wanted)[1:]}." if wanted else ""


def _what(row: Row, name: str) -> str:
    if name == "place" and row.by_side:
        return "whose it is, for each side measures from its own line"
    return "whether the exception applies" if name == "place" and row.excepted else _OPEN[name]


def _out_of_scope(row: Row) -> str:
    if row.factors["time"][1] <= 0:
        if not row.early and row.clause.open is not None:
            hours = row.clause.open
            return f"Outside the opening hours, {hours.from_} to {hours.until} ({hours.zone}), or no longer in force."
        if not row.early:
            return "The article was no longer in force."
        if row.clause.when:
            return "Not in force: its condition had not come about."
        return (
            "Not due yet: the step's deadline lies later."
            if row.clause.due
            else "Before the entry into force."
        )
    if row.factors["act"][1] <= 0:
        return f"The article does not speak of this act ({row.act})."
    return "The article does not bind the side that did it."


def _open(row: Row) -> list[str]:
    """The factors that keep the verdict open, widest first."""
    return [name for name, (low, high) in row.factors.items() if low < 0.8 and high > 0.2]


def _low(row: Row) -> float:
    product = 1.0
    for low, _ in row.factors.values():
        product *= low
    return product


def _share(row: Row, name: str) -> str:
    low, high = row.factors[name]
    if low <= 0 and high >= 1:
        return " (not known)"
    return f" ({low:.2f})" if high - low < 0.005 else f" ({low:.2f} to {high:.2f})"


def _act(row: Row) -> str:
    words = row.act.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _weapon(row: Row) -> str:
    calibre = "" if row.calibre_um is None else f", {millimetres(row.calibre_um)} mm"
    if row.weapon == "unknown":
        return f", weapon not known{calibre}" if row.clause.weapons is not None else calibre
    return f", {row.weapon.replace('_', ' ')}{calibre}"


def _place(row: Row) -> str:
    if row.place is not None:
        return row.place
    return "" if row.edge_m is None else place_words(row.edge_m, row.edge_sd_m or 0.0)


def place_words(edge_m: float, sd_m: float) -> str:
    """How far from the edge, and on which side of it."""
    side = "inside" if edge_m >= 0 else "outside"
    return f", {kilometres(abs(edge_m))} km {side} the edge (sd {kilometres(sd_m)} km)"


def _exception(row: Row) -> str:
    if not row.excepted:
        return ""
    return (
        " An exception was claimed and did not suffice."
        if row.verdict == "breach"
        else " An exception is claimed."
    )


def millimetres(calibre_um: int) -> str:
    """100000 as "100", 14500 as "14.5"."""
    whole, part = divmod(calibre_um, 1000)
    return str(whole) if not part else f"{whole}.{part:03d}".rstrip("0")


def kilometres(metres: float) -> str:
    """Kilometres with one decimal, two below one kilometre."""
    return f"{metres / 1000:.1f}" if metres >= 1000 else f"{metres / 1000:.2f}"


def encoded(article: AnyArticle) -> str:
    """What was encoded, said in words from the fields alone, so that a lawyer can compare it with the text."""
    parts = [article.shape.replace("_", " ")]
    for name in ("acts", "may_be", "missing", "exceptions", "binds"):
        values = getattr(article, name, ())
        if values:
            parts.append(
                f"{name.replace('_', ' ')}: {', '.join(value.replace('_', ' ') for value in values)}"
            )
    where = getattr(article, "where", None)
    if where is not None:
        parts.append(_where(where))
    weapons = getattr(article, "weapons", None)
    if weapons is not None:
        parts.append(_class(weapons.weapons, weapons.calibre))
    parts += [_step(step) for step in getattr(article, "steps", ())]
    for name, moment in (("from", article.from_), ("until", article.until)):
        if moment is not None:
            parts.append(f"{name} {_moment(moment)}")
    return "; ".join(parts) + "."


def _moment(moment: Moment) -> str:
    readings = moment.readings or (Reading(local=moment.local, zone=moment.zone),)
    return " or ".join(f"{item.local} {item.zone or '(no zone in the text)'}" for item in readings)


def _where(where: Where) -> str:
    if where.zone is not None:
        return f"inside {where.zone}"
    near = "" if where.beyond_m is None else f" {where.beyond_m} m or more"
    far = "" if where.within_m is None else f" less than {where.within_m} m"
    side = f" on the side of {where.side}" if where.side else ""
    return f"at{near}{far} from {where.line}{side}"


def _class(weapons: tuple[str, ...], calibre: tuple[str, ...]) -> str:
    return " ".join(["weapons:", ", ".join(word.replace("_", " ") for word in weapons) or "any", *calibre])


def _step(step: Step) -> str:
    if step.width_m is not None:
        away = f"{step.width_m // 2} m each side (zone {step.width_m} m wide)"
    elif isinstance(step.distance_m, dict):
        away = ", ".join(f"{side} {metres} m" for side, metres in step.distance_m.items())
    else:
        away = f"{step.distance_m} m each side"
    lines = step.from_line
    reference = (
        ", ".join(f"{side} from {line}" for side, line in lines.items())
        if isinstance(lines, dict)
        else lines or ""
    )
    due = f", by {_moment(step.by)}" if step.by else ""
    return f"{step.name} ({_class(step.weapons, step.calibre)}): {away} {reference}{due}".replace("  ", " ")
