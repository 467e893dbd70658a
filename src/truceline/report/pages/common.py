"""What several pages share: names, numbers of the day, sector labels, published sides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from truceline.report.disclosed import disclosed_incidents, incidents_between, withheld_after
from truceline.report.figures import figures, sector_ids, standing_of
from truceline.report.view import View
from truceline.report.words import listed, moment, plain, rotated

UNWATCHED_BELOW_E4: Final = 2500
"""A sector is hatched when less than this share of its hours in the last complete week was watched."""


@dataclass(frozen=True, slots=True)
class Day:
    """A view with what every page needs from it, computed once."""

    view: View
    figures: dict[str, Any]
    rows: list[dict[str, Any]]  # disclosed incidents of the day
    sealed: list[dict[str, Any]]  # the same incidents as fused, for choosing; never printed as such
    standing: dict[str, str]
    findings: dict[str, list[dict[str, Any]]]  # incident -> its findings, in the view's order
    ordinal: int

    @classmethod
    def of(cls, view: View) -> Day:
        """Everything computed once.

        Raises:
            ReportError: see `View.check`.
        """
        numbers = figures(view)
        inside = incidents_between(view.incidents, view.day_from_ms, view.day_to_ms)
        found: dict[str, list[dict[str, Any]]] = {}
        for row in view.findings.to_pylist():
            found.setdefault(row["incident_id"], []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: _article_rank(view, row["article"]))
        return cls(
            view=view, figures=numbers["figures"],
            rows=disclosed_incidents(inside, withheld_after_ms=withheld_after(view)).to_pylist(),
            sealed=inside.to_pylist(), standing=standing_of(view), findings=found,
            ordinal=dt.date.fromisoformat(view.date).toordinal(),
        )  # fmt: skip

    def value(self, name: str) -> int:
        """A figure of the day; nought where it is not known."""
        found: int | None = self.figures[name]["value"]
        return found or 0

    def change(self, name: str) -> int | None:
        """Its difference with the previous period."""
        found: int | None = self.figures[name]["change"]
        return found

    def party(self, name: str) -> str:
        """What a party is called; the word itself where it is no party."""
        for party in self.view.parties:
            if party.id == name:
                return party.names.get("en") or next(iter(party.names.values()), name)
        return name

    def owner(self, name: str) -> str:
        """Who owes a step: a party, an actor, or an alignment with its members."""
        for actor in self.view.actors:
            if actor.id == name:
                return plain(actor.names.get("en") or next(iter(actor.names.values()), name))
        for alignment in self.view.alignments:
            if alignment.id == name:
                members = [plain(self.party(one)) for one in self.parties() if one in alignment.members]
                return f"{name}: {listed(members)}" if members else name
        return plain(self.party(name))

    def parties(self) -> tuple[str, ...]:
        """Party ids in the order of this day."""
        return rotated([party.id for party in self.view.parties], self.ordinal)

    def rank(self, name: str) -> int:
        """Place of a party or alignment in today's order; others come last."""
        order = (*self.parties(), *rotated([one.id for one in self.view.alignments], self.ordinal))
        return order.index(name) if name in order else len(order)

    def sector(self, name: str | None) -> str:
        """A sector as readers know it."""
        if name is None:
            return "withheld"
        called = next(
            (
                str(f["properties"].get("name", ""))
                for f in self.view.geometry["features"]
                if f["properties"].get("role") == "sector" and f["properties"].get("id") == name
            ),
            "",
        )
        return f"{plain(name)} {plain(called)}".strip() if called else plain(name)

    def sectors(self) -> tuple[str, ...]:
        """All sectors, in the order of the geometry."""
        return sector_ids(self.view)

    def counts(self) -> dict[str, int]:
        """Incidents of the day per sector; those without a published sector are under an empty name."""
        found = dict.fromkeys(self.sectors(), 0)
        for row in self.rows:
            name = row["sector_id"] or ""
            found[name] = found.get(name, 0) + 1
        return found

    def stamp(self, at_ms: int) -> str:
        """Local time and UTC, side by side."""
        return f"{moment(at_ms, self.view.zone)} ({moment(at_ms)} UTC)"


def _article_rank(view: View, number: str) -> tuple[int, str]:
    known = [article.number for article in view.articles]
    base = number.split("/")[0]
    return (known.index(base) if base in known else len(known), number)


def scored(view: View, row: dict[str, Any]) -> bool:
    """Whether a probability may be printed: real casualty incidents are listed, never scored."""
    return view.exercise or all(
        not row[name] for name in ("killed_min", "killed_max", "injured_min", "injured_max")
    )
