"""What was encoded, in words; and numbers as people say them."""

from __future__ import annotations

from truceline.agreement.fields import Moment, Reading, Where
from truceline.agreement.models import AnyArticle, Step


def millimetres(calibre_um: int) -> str:
    """100000 as "100", 14500 as "14.5"."""
    whole, part = divmod(calibre_um, 1000)
    return str(whole) if not part else f"{whole}.{part:03d}".rstrip("0")


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
